# A second region of examples/complete, in its account and under its name: what AWS keeps for all regions together, such as
# roles and policies, has the region in its name.

provider "aws" {
  region = "us-west-2"
}

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "prod"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://shop.example.com"
  clients        = { web = {} }
  operations     = { alert_emails = ["oncall@example.com"] }

  # Logging roles: one in each region. The trail of the first region records all regions.
  account = {
    api_gateway_log_role = {}
    invocation_logging   = {}
    trail                = null
  }
}
