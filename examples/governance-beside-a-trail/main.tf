# Deny policies, alarms and alerts of changed controls for a chatbot of your own, in an account that has a trail and keys
# already, and where another team owns Bedrock's invocation logging, API Gateway's logging role, the dashboard and the budget.

provider "aws" {
  region = "us-east-2"
}

module "governance" {
  source = "../../modules/governance"

  name               = "support"
  alerts             = { emails = ["oncall@example.com"] }
  bound_role_names   = ["support-function"] # the role that your function acts with
  deploy_role_arns   = ["arn:aws:iam::111122223333:role/deploy"]
  guardrail_arn      = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
  log_retention_days = 365

  api_gateway_log_role = null
  former_log_groups    = []
  invocation_logging   = null
  trail                = null

  kms_key    = { arn = aws_kms_key.support.arn }
  monitoring = { alarms = {}, budget = null, dashboard = null }

  watched = {
    api_name                 = "support"
    api_stage                = "v1"
    function_concurrency     = 10
    function_name            = "support"
    function_timeout_seconds = 28
    metrics_namespace        = "Support"
    quota                    = { period = "MONTH", requests = 500 }
    web_acl_name             = "support"

    trail_log_group_name = "/aws/cloudtrail/organization" # of the trail that is there: three alarms read it
  }
}

# A key of your own, with the policy that it needs.
resource "aws_kms_key" "support" {
  description         = "Logs and alerts of support"
  policy              = module.governance.kms_key_policy
  enable_key_rotation = true
}
