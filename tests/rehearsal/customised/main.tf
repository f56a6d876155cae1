# An environment as somebody else would write it: other limits, clients, topics, words, language and modes than the defaults.
# The tests put it beside the other files of envs/dev, in another Region.

module "chatbot" {
  source = "../../modules/chatbot"

  environment = "kunde"
  name        = "dienst"
  tags        = { kostenstelle = "4711" }
  package = {
    s3_bucket         = aws_s3_object.package.bucket
    s3_key            = aws_s3_object.package.key
    s3_object_version = aws_s3_object.package.version_id
    sha256            = filesha256("${path.root}/../../build/chatbot.zip")
  }
  allowed_origin = "https://hilfe.example.de:8443"

  clients = {
    app     = {}
    partner = { description = "A partner's call centre" }
    web     = {}
  }

  disabled_clients     = ["app"]
  reserved_concurrency = 4

  api = {
    further_origins = ["https://shop.example.de", "http://localhost:5174"]
    plan            = { name = "kunden", rate_limit = 8, burst_limit = 3, quota_limit = 70, quota_period = "DAY" }
  }

  # Wide enough for all that the proofs ask.
  budget       = { client_tokens_per_day = 50000000, clients = { partner = { tokens_per_month = 90000000 } } }
  conversation = { max_chars = 6000, max_turns = 2, ttl_hours = 1 }

  edge = {
    addresses = {
      allowed     = ["127.0.0.40/32"]
      rate_exempt = ["127.0.0.41/32", "2001:db8::/48"]
    }
    limits = { body_bytes = 24000, rate_requests = 30, rate_window_seconds = 120 }
    managed_rule_groups = {
      core-rule-set    = { count_rules = ["CrossSiteScripting_BODY"] }
      known-bad-inputs = { mode = "count" }
      sql-injection    = { mode = "off" }
    }
    prompt_injection = { mode = "count" }
    rule_groups = {
      kunde = { arn = aws_wafv2_rule_group.kunde.arn, capacity = aws_wafv2_rule_group.kunde.capacity }
    }
  }

  function = {
    max_message_chars = 5000
    timeout_seconds   = 20
    vpc               = { subnet_ids = ["subnet-0a1b2c3d", "subnet-4e5f6a7b"], security_group_ids = ["sg-0c1d2e3f"] }

    policies = {
      bestellungen = jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Sid      = "BestellungenLesen"
          Effect   = "Allow"
          Action   = "dynamodb:GetItem"
          Resource = "arn:aws:dynamodb:eu-central-1:111122223333:table/bestellungen"
        }]
      })
    }
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

  kms_key = { arn = aws_kms_key.kunde.arn }

  monitoring = {
    alarms    = { thresholds = { waf-blocked = 7 } }
    budget    = null
    dashboard = null
  }

  # The organisation has a trail.
  account = {
    api_gateway_log_role = { role_name = "KundenZugriffsprotokoll" }
    invocation_logging   = { log_group_name = "/kunde/modellaufrufe", role_name = "KundenModellprotokoll", retention_days = 14 }
    trail                = null
    trail_log_group_name = aws_cloudwatch_log_group.trail.name
  }
}

# A key of one's own, with the policy that it needs.
resource "aws_kms_key" "kunde" {
  description         = "Protokolle und Meldungen"
  policy              = module.chatbot.kms_key_policy
  enable_key_rotation = true
}

# Where the organisation's trail would write.
resource "aws_cloudwatch_log_group" "trail" {
  name = "/organisation/trail"
}

resource "aws_wafv2_rule_group" "kunde" {
  name     = "kunde"
  scope    = "REGIONAL"
  capacity = 10

  rule {
    name     = "old-app"
    priority = 0

    action {
      block {}
    }

    statement {
      byte_match_statement {
        positional_constraint = "STARTS_WITH"
        search_string         = "KundenApp/1"

        field_to_match {
          single_header {
            name = "user-agent"
          }
        }

        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "old-app"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "kunde"
    sampled_requests_enabled   = false
  }
}

resource "aws_s3_bucket" "packages" {
  bucket        = "kunde-pakete"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "packages" {
  bucket = aws_s3_bucket.packages.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_object" "package" {
  bucket = aws_s3_bucket_versioning.packages.bucket
  key    = "chatbot.zip"
  source = "${path.root}/../../build/chatbot.zip"
}
