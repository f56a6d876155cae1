locals {
  # Amazon Bedrock User Guide, "Model lifecycle (Legacy)" and model cards: end of life in the regions of the us. profiles.
  ended_models = {
    "anthropic.claude-3-haiku-20240307"   = "2026-09-10"
    "anthropic.claude-3-5-haiku-20241022" = "2026-06-19"
    "anthropic.claude-sonnet-4-20250514"  = "2026-10-14"
  }

  # An application inference profile hides its model in an ARN; the caller then names it.
  model_id = coalesce(var.model.foundation_model_id, var.model.inference_profile_id)
}

# A warning and no error: AWS may extend a life, and this list ages.
check "model_is_alive" {
  assert {
    condition     = !anytrue([for model in keys(local.ended_models) : strcontains(local.model_id, model)])
    error_message = "${local.model_id} has reached its end of life on Amazon Bedrock (${join(", ", [for model, date in local.ended_models : date if strcontains(local.model_id, model)])}), and requests to it fail. Use us.anthropic.claude-haiku-4-5-20251001-v1:0, or another active model: aws bedrock get-foundation-model shows modelLifecycle."
  }
}

check "somebody_is_told" {
  assert {
    condition     = length(var.operations.alert_emails) > 0
    error_message = "operations.alert_emails is empty: alarms and tamper alerts go to an SNS topic that nobody has subscribed to here."
  }
}
