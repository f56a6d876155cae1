# One key for logs, trail and alerts. Whoever may use it is named here with the thing it may be used for; the account's
# own principals manage it, and can read nothing with it but the trail.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:in a key policy * is the key itself, and without an administrator nobody could ever change it
  #checkov:skip=CKV_AWS_111:in a key policy * is the key itself, and every service has a condition but those of which AWS documents none
  #checkov:skip=CKV_AWS_356:in a key policy * is the key itself
  statement {
    sid = "AccountManagesButDoesNotUse"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
      "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
      "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags",
      "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource",
      "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["${local.iam_arn_prefix}root"]
    }
  }

  # CloudWatch Logs names the group in the encryption context ("Encrypt log data in CloudWatch Logs using AWS KMS"). Not
  # kms:DescribeKey, as in AWS's example: that call has no encryption context, so that it would be granted to nobody.
  statement {
    sid       = "LogsOfTheseGroups"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.${data.aws_partition.current.dns_suffix}"] # of the partition, unlike the others (aws/aws-cdk, region-info)
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [for group in distinct(concat(local.log_groups, var.former_log_groups)) : "${local.log_group_arn_prefix}${group}"]
    }
  }

  dynamic "statement" {
    for_each = var.trail == null ? {} : {
      TrailEncryptsRecords = { action = "kms:GenerateDataKey*", keys = ["aws:SourceArn", "kms:EncryptionContext:aws:cloudtrail:arn"] }
      TrailLooksAtKey      = { action = "kms:DescribeKey", keys = ["aws:SourceArn"] }
    }
    content {
      sid       = statement.key
      actions   = [statement.value.action]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      dynamic "condition" {
        for_each = statement.value.keys
        content {
          test     = "ArnEquals"
          variable = condition.value
          values   = [local.trail_arn]
        }
      }
    }
  }

  # An investigator needs s3:GetObject from IAM as well; the key alone opens nothing.
  dynamic "statement" {
    for_each = var.trail == null ? [] : [1]
    content {
      sid       = "AccountReadsTrail"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["${local.iam_arn_prefix}root"]
      }

      condition {
        test     = "ArnEquals"
        variable = "kms:EncryptionContext:aws:cloudtrail:arn"
        values   = [local.trail_arn]
      }
    }
  }

  # DynamoDB uses a table's key on behalf of whoever asks for its items, who needs the same from IAM, and with grants for its own
  # work on the table (DynamoDB Developer Guide, "DynamoDB encryption at rest usage notes").
  dynamic "statement" {
    for_each = var.memory_table_name == null ? {} : {
      DynamoDBWorksOnTheTable = { actions = ["kms:CreateGrant"], test = "Bool", key = "kms:GrantIsForAWSResource", value = "true" }
      ItemsOfTheTable = {
        actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        test    = "StringEquals", key = "kms:EncryptionContext:aws:dynamodb:tableName", value = var.memory_table_name
      }
    }
    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["${local.iam_arn_prefix}root"]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["dynamodb.${local.region}.amazonaws.com"]
      }

      condition {
        test     = statement.value.test
        variable = statement.value.key
        values   = [statement.value.value]
      }
    }
  }

  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  # No condition: source conditions are not supported for EventBridge and would drop every tamper alert without a word (Amazon
  # SNS Developer Guide, "Managing Amazon SNS encryption keys and costs"), and nothing says that AWS Budgets sends one to KMS.
  statement {
    sid       = "BudgetAndTamperEvents"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = concat(local.budget == null ? [] : ["budgets.amazonaws.com"], ["events.amazonaws.com"])
    }
  }
}

# An object, since whether there is one must be known at plan: the ARN of a key in the caller's own root is not.
locals {
  key_arn = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn
  key_id  = var.kms_key == null ? aws_kms_key.this[0].key_id : reverse(split("/", var.kms_key.arn))[0]
}

moved {
  from = aws_kms_key.this
  to   = aws_kms_key.this[0]
}

resource "aws_kms_key" "this" {
  count = var.kms_key == null ? 1 : 0

  description             = "Logs, trail and alerts of ${var.name}"
  policy                  = data.aws_iam_policy_document.key.minified_json
  enable_key_rotation     = true
  deletion_window_in_days = 30 # the longest: evidence must outlive a mistake, or a malicious call that nobody saw at once
  tags                    = var.tags
}

# On a key of the caller's too: deny-tampering.tf protects by this name whichever key has it.
resource "aws_kms_alias" "this" {
  name          = local.key_alias
  target_key_id = local.key_id
}
