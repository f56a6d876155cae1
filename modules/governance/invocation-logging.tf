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

    # Without these two, anybody's Bedrock could be made to write through this role (the confused deputy).
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
  kms_key_id        = local.key_arn
  retention_in_days = coalesce(var.invocation_logging.retention_days, var.log_retention_days)
  tags              = var.tags
}

# Who reads the group sees personal data masked, unless their role has logs:Unmask. It masks what is written from now on.
locals {
  masked_identifiers = [
    "Address", "BankAccountNumber-US", "CreditCardExpiration", "CreditCardNumber", "CreditCardSecurityCode", "DriversLicense-US",
    "EmailAddress", "IndividualTaxIdentificationNumber-US", "IpAddress", "Name", "PassportNumber-US", "PhoneNumber-US", "Ssn-US",
    "AwsSecretKey", "OpenSshPrivateKey", "PgpPrivateKey", "PkcsPrivateKey", "PuttyPrivateKey",
  ]
}

resource "aws_cloudwatch_log_data_protection_policy" "invocations" {
  count = var.invocation_logging == null ? 0 : 1

  log_group_name  = aws_cloudwatch_log_group.invocations[0].name
  policy_document = data.aws_cloudwatch_log_data_protection_policy_document.invocations.json
}

data "aws_cloudwatch_log_data_protection_policy_document" "invocations" {
  name        = "mask-personal-data"
  description = "Personal data and private keys in prompts and answers"

  # Two statements, since AWS takes a mask only beside an audit of the same identifiers. The audit's findings are counted by
  # the metric LogEventsWithFindings; they need no destination.
  statement {
    sid              = "audit"
    data_identifiers = [for name in local.masked_identifiers : "arn:${local.partition}:dataprotection::aws:data-identifier/${name}"]

    operation {
      audit {
        findings_destination {}
      }
    }
  }

  statement {
    sid              = "mask"
    data_identifiers = [for name in local.masked_identifiers : "arn:${local.partition}:dataprotection::aws:data-identifier/${name}"]

    operation {
      deidentify {
        mask_config {}
      }
    }
  }
}

resource "aws_iam_role" "bedrock_logging" {
  count = var.invocation_logging == null ? 0 : 1

  name               = local.invocation_log_role
  description        = "Lets Bedrock write its invocation log"
  assume_role_policy = data.aws_iam_policy_document.bedrock_trust.json
  tags               = var.tags
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

      # Bedrock writes here as its own service, by the bucket's policy and not through the role.
      dynamic "large_data_delivery_s3_config" {
        for_each = var.invocation_logging.large_data_bucket == null ? [] : [var.invocation_logging.large_data_bucket]
        content {
          bucket_name = large_data_delivery_s3_config.value
          key_prefix  = var.name
        }
      }
    }
  }

  # Bedrock tries the role when the setting is made.
  depends_on = [aws_iam_role_policy.bedrock_logging]
}
