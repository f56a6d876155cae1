# Bedrock's record of every prompt and answer in this account and Region. There is one such setting for both, and whoever
# writes it last owns it: hence nullable.
data "aws_iam_policy_document" "bedrock_trust" {
  statement {
    sid     = "BedrockOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["bedrock.amazonaws.com"]
    }

    # Without these two, anybody's Bedrock could be told to write through this role (the confused deputy).
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:bedrock:${local.region}:${local.account}:*"]
    }
  }
}

data "aws_iam_policy_document" "bedrock_logging" {
  count = var.invocation_logging == null ? 0 : 1

  statement {
    sid       = "WriteInvocationRecords"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn_prefix}${local.invocation_log_group}:log-stream:aws/bedrock/modelinvocations"]
  }
}

resource "aws_cloudwatch_log_group" "invocations" {
  count = var.invocation_logging == null ? 0 : 1

  name              = local.invocation_log_group
  kms_key_id        = aws_kms_key.this.arn
  retention_in_days = var.invocation_logging.retention_days
}

resource "aws_iam_role" "bedrock_logging" {
  count = var.invocation_logging == null ? 0 : 1

  name               = var.invocation_logging.role_name
  description        = "Lets Bedrock write its invocation log"
  assume_role_policy = data.aws_iam_policy_document.bedrock_trust.json
}

resource "aws_iam_role_policy" "bedrock_logging" {
  count = var.invocation_logging == null ? 0 : 1

  name   = "write-invocation-log"
  role   = aws_iam_role.bedrock_logging[0].name
  policy = data.aws_iam_policy_document.bedrock_logging[0].minified_json
}

resource "aws_bedrock_model_invocation_logging_configuration" "this" {
  count = var.invocation_logging == null ? 0 : 1

  logging_config {
    text_data_delivery_enabled      = true
    image_data_delivery_enabled     = true
    embedding_data_delivery_enabled = true
    video_data_delivery_enabled     = true

    cloudwatch_config {
      log_group_name = aws_cloudwatch_log_group.invocations[0].name
      role_arn       = aws_iam_role.bedrock_logging[0].arn
    }
  }

  # Bedrock tries the role when the setting is made.
  depends_on = [aws_iam_role_policy.bedrock_logging]
}
