# Deny policies, alarms, dashboard and alerts of changed controls for a chatbot of your own, in an account whose
# organization has a trail already, and where another team owns Bedrock's invocation logging and API Gateway's logging role.

provider "aws" {
  region = "us-east-2"
}

module "governance" {
  source = "../../modules/governance"

  name             = "support"
  alerts           = { emails = ["oncall@example.com"] }
  bound_role_names = ["support-function"] # the role that your function acts with
  deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
  guardrail_arn    = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"

  api_gateway_log_role = null
  former_log_groups    = []
  invocation_logging   = null
  trail                = null

  watched = {
    api_name          = "support"
    api_stage         = "v1"
    function_name     = "support"
    metrics_namespace = "Support"
    web_acl_name      = "support"
  }
}
