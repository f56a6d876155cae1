# In Frankfurt, with a model that is called within the EU alone.

provider "aws" {
  region = "eu-central-1"
}

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "eu"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://shop.example.de"
  clients        = { web = {} }
  model          = { inference_profile_id = "eu.anthropic.claude-haiku-4-5-20251001-v1:0" }
  operations     = { alert_emails = ["oncall@example.de"] }
}
