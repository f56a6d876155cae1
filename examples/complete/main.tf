# A production environment with all that people usually set. What is left out keeps its default.

provider "aws" {
  region              = "us-east-2"
  allowed_account_ids = ["111122223333"]

  default_tags {
    tags = { application = "chatbot", environment = "prod" }
  }
}

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "prod"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://shop.example.com"

  clients = {
    web    = { description = "The chat page" }
    mobile = { description = "The app" }
  }

  # Who changes the controls, and who must not: everybody else is alerted of.
  deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
  bound_role_names = ["operators"]

  api = {
    plan = { rate_limit = 20, burst_limit = 40, quota_limit = 50000 } # of each client

    custom_domain = {
      certificate_arn        = "arn:aws:acm:us-east-2:111122223333:certificate/11111111-2222-3333-4444-555555555555"
      close_default_endpoint = true # once DNS points at custom_domain_target
      domain_name            = "chat-api.example.com"
    }
  }

  edge = {
    limits              = { rate_requests = 200 } # of each address, in five minutes
    managed_rule_groups = { core-rule-set = { count_rules = ["GenericRFI_BODY"] } }
  }

  # Tokens of each client, in a day of UTC, and twice as many for the chat page.
  budget = {
    client_tokens_per_day = 500000
    clients               = { web = { tokens_per_day = 1000000 } }
  }

  conversation = { max_turns = 6, ttl_hours = 12 } # nothing that is blocked is kept

  function = {
    max_output_tokens = 400
    system_prompt     = "You help the customers of a shop for outdoor gear. Answer in three sentences."
  }

  guardrail = {
    extra_blocked_words = ["Perplexity"]
    safety_message      = "I cannot help with that. Please write to help@example.com."
  }

  operations = {
    alert_emails = ["oncall@example.com"]
  }

  monitoring = {
    alarms    = { thresholds = { output-tokens = 2000000 } } # in an hour
    budget    = { monthly_usd = 1000 }
    dashboard = {}
  }

  account = {
    api_gateway_log_role = {}
    invocation_logging   = { retention_days = 30 }
    trail                = { object_lock_days = 365, object_lock_mode = "COMPLIANCE" }
  }

  reserved_concurrency = 50
}

output "deployment" {
  description = "What was made."
  value       = module.chatbot.deployment
}
