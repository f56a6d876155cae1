locals {
  # GuardrailPiiEntityType in the Amazon Bedrock API Reference.
  pii_types = [
    "ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER",
    "CREDIT_DEBIT_CARD_CVV", "CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "IP_ADDRESS", "LICENSE_PLATE", "MAC_ADDRESS", "NAME", "PASSWORD", "PHONE",
    "PIN", "SWIFT_CODE", "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER",
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME", "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER", "US_SOCIAL_SECURITY_NUMBER",
    "VEHICLE_IDENTIFICATION_NUMBER",
  ]

  # The whole policy in one value: the resource below reads nothing else, so its hash changes exactly when the
  # guardrail's behavior does, and a new version is published then.
  policy = {
    description  = "What the ${var.name} chatbot may be asked and may answer"
    safe_message = var.safety_message

    # PROMPT_ATTACK judges only what comes in: the API refuses an output strength other than NONE.
    filters = [for type, strength in var.content_filters : merge({ type = upper(type) }, strength)]

    topics = [for topic, rule in var.denied_topics : merge({ name = topic }, rule)]

    words = distinct(concat(var.blocked_words, var.extra_blocked_words))

    pii = concat(
      [for type in var.pii.block : { type = type, action = "BLOCK" }],
      [for type in var.pii.anonymize : { type = type, action = "ANONYMIZE" }],
    )
  }

  policy_hash = sha256(jsonencode(local.policy))
}

resource "aws_bedrock_guardrail" "this" {
  name                      = var.name
  description               = local.policy.description
  blocked_input_messaging   = local.policy.safe_message
  blocked_outputs_messaging = local.policy.safe_message
  tags                      = var.tags

  content_policy_config {
    dynamic "filters_config" {
      for_each = local.policy.filters
      content {
        type            = filters_config.value.type
        input_strength  = filters_config.value.input
        output_strength = filters_config.value.output
      }
    }
  }

  dynamic "topic_policy_config" {
    for_each = length(local.policy.topics) > 0 ? [local.policy.topics] : []
    content {
      dynamic "topics_config" {
        for_each = topic_policy_config.value
        content {
          name       = topics_config.value.name
          definition = topics_config.value.definition
          examples   = topics_config.value.examples
          type       = "DENY"
        }
      }
    }
  }

  word_policy_config {
    managed_word_lists_config {
      type = "PROFANITY"
    }

    dynamic "words_config" {
      for_each = local.policy.words
      content {
        text = words_config.value
      }
    }
  }

  dynamic "sensitive_information_policy_config" {
    for_each = length(local.policy.pii) > 0 ? [local.policy.pii] : []
    content {
      dynamic "pii_entities_config" {
        for_each = sensitive_information_policy_config.value
        content {
          type   = pii_entities_config.value.type
          action = pii_entities_config.value.action
        }
      }
    }
  }
}
