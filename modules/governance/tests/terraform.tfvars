# What all files of tests here share.
deploy_role_arns   = ["arn:aws:iam::111122223333:role/deploy"]
guardrail_arn      = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
log_retention_days = 365
watched = {
  api_name                 = "chatbot-test"
  api_stage                = "v1"
  function_concurrency     = 10
  function_name            = "chatbot-test"
  function_timeout_seconds = 28
  metrics_namespace        = "Chatbot"
  quota                    = { period = "MONTH", requests = 500 }
  web_acl_name             = "chatbot-test"
}
