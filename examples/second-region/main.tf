# A second region in the account of examples/complete, under a name of its own: roles and policies are the whole account's.

provider "aws" {
  region = "us-west-2"
}

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "prod-west"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://shop.example.com"
  clients        = { web = {} }
  operations     = { alert_emails = ["oncall@example.com"] }

  # Once in a region, with roles whose names are the account's. The trail of the first region records all regions.
  account = {
    api_gateway_log_role = { role_name = "ApiGatewayLoggingRoleWest" }
    invocation_logging   = { role_name = "BedrockLoggingRoleWest" }
    trail                = null
  }
}
