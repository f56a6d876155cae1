# The most that the role can ever do, whatever is attached to it: somebody who may attach policies, and attaches
# AdministratorAccess, has gained nothing. It grants nothing itself. The guardrail's id is not known when it is written,
# so it names the account's guardrails, and those enforced from outside; the role's own policy narrows that to the one.
data "aws_iam_policy_document" "boundary" {
  # What the memory and var.policies allow, and no more, comes on top of the rest.
  source_policy_documents = concat(data.aws_iam_policy_document.memory[*].json, values(var.policies))

  #checkov:skip=CKV_AWS_111:X-Ray has no resource-level permissions for its writes; every other statement names its resources
  #checkov:skip=CKV_AWS_356:X-Ray has no resource-level permissions for its writes; every other statement names its resources
  #checkov:skip=CKV_CHATBOT_5:a boundary grants nothing; the role's own policy denies every model without the guardrail
  #checkov:skip=CKV_CHATBOT_6:a boundary grants nothing, and the guardrail's id is unknown when it is written

  statement {
    sid     = "AtMostInvokeTheModel"
    actions = ["bedrock:InvokeModel"]
    resources = concat(
      [local.profile_arn, local.default_project_arn],
      local.model_arns,
      local.global_model_arns,
    )
  }

  statement {
    sid       = "AtMostApplyGuardrails"
    actions   = ["bedrock:ApplyGuardrail"]
    resources = concat(["arn:${local.partition}:bedrock:${local.region}:${local.account}:guardrail/*"], var.guardrail.enforced_arns)
  }

  statement {
    sid       = "AtMostWriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
  }

  dynamic "statement" {
    for_each = local.network_permissions
    content {
      sid       = "AtMost${statement.key}"
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  statement {
    sid       = "AtMostWriteTraces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${local.global_name}-boundary"
  description = "The most that the ${var.name} function's role can ever do"
  policy      = data.aws_iam_policy_document.boundary.minified_json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.boundary.minified_json) <= 6144
      error_message = "The permissions boundary would have ${length(data.aws_iam_policy_document.boundary.minified_json)} characters, and IAM takes 6,144: shorten policies, such as by fewer resources in each."
    }
  }
  tags = var.tags
}
