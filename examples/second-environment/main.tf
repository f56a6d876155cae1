# A second environment in the account and region of examples/complete, which owns what an account has once: apply that one
# first, and destroy it last.

provider "aws" {
  region = "us-east-2"
}

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "staging"
  tags           = { environment = "staging" }
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://staging.example.com"
  clients        = { web = {} }
  operations     = { alert_emails = ["oncall@example.com"] }

  account = {
    api_gateway_log_role = null
    invocation_logging   = null
    trail                = null
  }
}
