# Bound roles call no model without the environment's guardrail, or by a kind of resource for which AWS does not say that the
# guardrail is asked. A policy of its own, since AWS invents the guardrail's id; the function's role has one that names the very
# version, in modules/compute.
data "aws_iam_policy_document" "require_guardrail" {
  # Stops a call with another guardrail, with the draft or with none: a negated condition also matches when the key is absent.
  statement {
    sid       = "DenyInferenceWithoutGuardrail"
    effect    = "Deny"
    actions   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    resources = ["arn:${local.partition}:bedrock:*::foundation-model/*"]

    condition {
      test     = "ArnNotLike"
      variable = "bedrock:GuardrailIdentifier"
      values   = ["${var.guardrail_arn}:*"]
    }
  }

  # Stops custom, imported and bought models, and capacity that is paid for ahead.
  statement {
    sid     = "DenyOtherModels"
    effect  = "Deny"
    actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    not_resources = [
      "arn:${local.partition}:bedrock:*::foundation-model/*",
      "arn:${local.partition}:bedrock:*:*:inference-profile/*",
      "arn:${local.partition}:bedrock:*:*:project/*",
    ]
  }
}

resource "aws_iam_policy" "require_guardrail" {
  name        = "${local.global_name}-require-guardrail"
  description = "No model without the guardrail of ${var.name}"
  policy      = data.aws_iam_policy_document.require_guardrail.minified_json
  tags        = var.tags
}

resource "aws_iam_role_policy_attachment" "require_guardrail" {
  for_each = toset(var.bound_role_names)

  role       = each.value
  policy_arn = aws_iam_policy.require_guardrail.arn
}
