# What the function may do, all of it. Every document here is a pure function of variables and names, so that its JSON is
# known at plan; only the last one needs the guardrail's id, which AWS invents.

locals {
  profile_arn = (
    startswith(var.model.inference_profile_id, "arn:")
    ? var.model.inference_profile_id
    : "arn:${local.partition}:bedrock:${local.region}:${local.account}:inference-profile/${var.model.inference_profile_id}"
  )
  profile_name = reverse(split("/", var.model.inference_profile_id))[0]
  model_id     = coalesce(var.model.foundation_model_id, replace(local.profile_name, "/^[a-z-]+[.]/", ""))

  # A profile is authorized three times: itself, the model in the source Region, and the model in whichever Region it
  # routes to (Amazon Bedrock User Guide, "Geographic cross-Region inference"). Leave one out and calls fail whenever
  # that Region is picked. A condition on aws:RequestedRegion would do the same.
  model_regions = distinct(concat([local.region], var.model.destination_regions))
  model_arns    = [for region in local.model_regions : "arn:${local.partition}:bedrock:${region}::foundation-model/${local.model_id}"]

  # A global profile also asks for the model without a Region ("Global cross-Region inference").
  global_model_arns = startswith(local.profile_name, "global.") ? ["arn:${local.partition}:bedrock:::foundation-model/${local.model_id}"] : []

  # A change of the guardrail publishes the next number, and the role learns it first: until its alias has moved, the function
  # asks for the number before. There is none before 1.
  guardrail_arns = [
    for version in [var.guardrail.version, coalesce(var.guardrail.previous_version, tostring(var.guardrail.version - 1))] :
    "${var.guardrail.arn}:${version}" if version != "0"
  ]

  default_project_arn = "arn:${local.partition}:bedrock:${local.region}:${local.account}:project/default"
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LambdaRunsAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# There is no bedrock:Converse action: the Converse API is authorized as bedrock:InvokeModel.
data "aws_iam_policy_document" "invoke" {
  #checkov:skip=CKV_AWS_111:X-Ray has no resource-level permissions for its writes; every other statement names its resources
  #checkov:skip=CKV_AWS_356:X-Ray has no resource-level permissions for its writes; every other statement names its resources
  #checkov:skip=CKV_CHATBOT_5:the document below denies every model without the guardrail, whose id is unknown at plan

  statement {
    sid       = "InvokeInferenceProfile"
    actions   = ["bedrock:InvokeModel"]
    resources = [local.profile_arn]
  }

  # Through that profile only: a direct call of the model, past the profile's routing, is not allowed.
  statement {
    sid       = "InvokeModelThroughProfile"
    actions   = ["bedrock:InvokeModel"]
    resources = concat(local.model_arns, local.global_model_arns)

    condition {
      test     = "StringEquals"
      variable = "bedrock:InferenceProfileArn"
      values   = [local.profile_arn]
    }
  }

  # The Converse API Reference asks for the permission on the project as well, and a request that names none belongs to
  # the account's default one. It carries no profile or guardrail, so it has no condition.
  statement {
    sid       = "InvokeInDefaultProject"
    actions   = ["bedrock:InvokeModel"]
    resources = [local.default_project_arn]
  }

  # What account or organization enforces is applied on top of the own guardrail, with the caller's permission (Amazon
  # Bedrock User Guide, "Apply cross-account safeguards with Amazon Bedrock Guardrails enforcements").
  dynamic "statement" {
    for_each = length(var.guardrail.enforced_arns) > 0 ? [var.guardrail.enforced_arns] : []
    content {
      sid       = "ApplyEnforcedGuardrails"
      actions   = ["bedrock:ApplyGuardrail"]
      resources = statement.value
    }
  }

  # Not logs:CreateLogGroup: a group that was deleted must stay missing and be noticed, not come back without its key.
  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
  }

  statement {
    sid       = "WriteTraces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "guardrail" {
  # On the guardrail itself: its ARN has no version here.
  statement {
    sid       = "ApplyOwnGuardrail"
    actions   = ["bedrock:ApplyGuardrail"]
    resources = [var.guardrail.arn]
  }

  # Stops code in the function (a bug, or an attacker's) from calling a model with another guardrail, the draft or an older
  # version of this one than the two above, or none: a negated condition also matches when the key is absent. On models only,
  # since AWS does not say that profiles and projects are evaluated with this key; no call gets through without its model.
  statement {
    sid       = "DenyModelsWithoutGuardrail"
    effect    = "Deny"
    actions   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    resources = ["arn:${local.partition}:bedrock:*::foundation-model/*"]

    condition {
      test     = "StringNotEquals"
      variable = "bedrock:GuardrailIdentifier"
      values   = local.guardrail_arns
    }
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${local.global_name}-execution"
  description          = "What the ${var.name} function may do"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.boundary.arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "invoke" {
  name   = "invoke"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.invoke.minified_json
}

resource "aws_iam_role_policy" "guardrail" {
  name   = "guardrail"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.guardrail.minified_json
}

resource "aws_iam_role_policy_attachment" "deny_tampering" {
  role       = aws_iam_role.execution.name
  policy_arn = var.deny_policy_arn
}

# What the caller adds. The denials above bind it too.
resource "aws_iam_role_policy" "further" {
  for_each = var.policies

  name   = "further-${each.key}"
  role   = aws_iam_role.execution.name
  policy = each.value
}

# Nothing else: a policy that somebody adds to the role by hand shows in the next plan, and goes with the next apply.
resource "aws_iam_role_policies_exclusive" "execution" {
  role_name = aws_iam_role.execution.name
  policy_names = concat(
    [aws_iam_role_policy.guardrail.name, aws_iam_role_policy.invoke.name],
    aws_iam_role_policy.memory[*].name,
    aws_iam_role_policy.vpc[*].name,
    values(aws_iam_role_policy.further)[*].name,
  )
}

resource "aws_iam_role_policy_attachments_exclusive" "execution" {
  role_name   = aws_iam_role.execution.name
  policy_arns = [aws_iam_role_policy_attachment.deny_tampering.policy_arn]
}
