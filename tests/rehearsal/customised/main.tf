# An environment as somebody else would write it: other limits, clients, topics, words, language and modes than the defaults.
# The tests put it beside the other files of envs/dev, in another Region.

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "kunde"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://hilfe.example.de:8443"

  clients = {
    app     = {}
    partner = { description = "A partner's call centre" }
    web     = {}
  }

  disabled_clients     = ["app"]
  reserved_concurrency = 4

  api = {
    plan = { name = "kunden", rate_limit = 8, burst_limit = 3, quota_limit = 70, quota_period = "DAY" }
  }

  edge = {
    limits = { body_bytes = 24000, rate_requests = 30, rate_window_seconds = 120 }
    managed_rule_groups = {
      core-rule-set = { count_rules = ["CrossSiteScripting_BODY"] }
    }
    prompt_injection = { mode = "count" }
  }

  function = {
    max_message_chars = 5000
    timeout_seconds   = 20
  }

  guardrail = {
    blocked_words = ["Lotto", "Bingo Palast"]
    content_filters = {
      insults  = { input = "NONE", output = "LOW" }
      violence = { input = "MEDIUM" }
    }
    denied_topics = {
      "Gluecksspiel" = {
        definition = "Fragen nach Wetten, Lotterien oder Spielbanken, und Empfehlungen dazu."
        examples   = ["Wie spiele ich Lotto?", "Welche Wetten lohnen sich heute?"]
      }
      "Rechtsberatung" = {
        definition = "Auskunft, welche Rechte jemand gegenüber einem Vermieter oder Arbeitgeber hat."
      }
    }
    pii = {
      block     = ["PASSWORD", "PIN"]
      anonymize = ["ADDRESS", "EMAIL", "NAME", "US_SOCIAL_SECURITY_NUMBER"]
    }
    safety_message = "Dazu kann ich leider nichts sagen."
  }

  identity = {
    user_pool_arns = ["arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_Kunden001"]
  }

  model = {
    inference_profile_id = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
  }

  operations = {
    alert_emails       = ["dienst@example.de"]
    log_retention_days = 30
  }

  # The organisation has a trail.
  account = {
    api_gateway_log_role = { role_name = "KundenZugriffsprotokoll" }
    invocation_logging   = { log_group_name = "/kunde/modellaufrufe", role_name = "KundenModellprotokoll", retention_days = 14 }
    trail                = null
  }
}
