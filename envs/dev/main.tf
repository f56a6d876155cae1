# Edit three placeholders and this environment is yours: 1. the account (providers.tf), 2. the state bucket (terraform.tf),
# 3. the origin (below). Names, limits and controls are the defaults of modules/chatbot; only what differs stands here.

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "dev"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "http://localhost:5173" # 3. Where your page is served from.

  clients = {
    web = { description = "The chat page" }
  }

  operations = {
    alert_emails = [] # Who is alerted of alarms and tampering.
  }

  # What the account has once. In a second environment of the same account, each of these is null.
  account = {
    api_gateway_log_role = {}
    invocation_logging   = {}
    trail                = { object_lock_days = 1, object_lock_mode = "GOVERNANCE", force_destroy = true }
  }
}
