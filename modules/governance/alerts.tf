resource "aws_sns_topic" "alerts" {
  name              = local.topic_name
  kms_master_key_id = local.key_id
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alerts.emails)

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

# Gets only what would silence the first one: its own end, its key's, the rules' and the trail's (docs/decisions/0012). Nothing
# secret goes through it.
resource "aws_sns_topic" "watchdog" {
  #checkov:skip=CKV_AWS_26:whoever ends the key must not silence this topic too, and AWS's own key for SNS lets no service publish
  name = local.watchdog_name
  tags = var.tags
}

resource "aws_sns_topic_subscription" "watchdog" {
  for_each = aws_sns_topic_subscription.email

  topic_arn = aws_sns_topic.watchdog.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

# Who may publish, and from what of ours.
#
# EventBridge has no condition: "You can't use Condition blocks in Amazon SNS topic policies for EventBridge" (EventBridge User
# Guide, "Using resource-based policies"). A rule of another account could therefore send a false alert; it cannot hide a true
# one. The alarm alerts-undelivered watches that delivery works.
locals {
  alarms_publish = { AlarmsPublish = { service = "cloudwatch", from = "${local.cloudwatch_arn_prefix}alarm:${var.name}-*" } }
  publishers = {
    alerts = merge(
      local.alarms_publish,
      { TamperEventsPublish = { service = "events", from = null } },
      local.budget == null ? {} : { BudgetPublishes = { service = "budgets", from = "arn:${local.partition}:budgets::${local.account}:*" } },
    )
    watchdog = local.alarms_publish
  }
}

# Replaces the default policy.
data "aws_iam_policy_document" "topic" {
  for_each = { alerts = local.topic_arn, watchdog = local.watchdog_arn }

  dynamic "statement" {
    for_each = local.publishers[each.key]
    content {
      sid       = statement.key
      actions   = ["sns:Publish"]
      resources = [each.value]

      principals {
        type        = "Service"
        identifiers = ["${statement.value.service}.amazonaws.com"]
      }

      dynamic "condition" {
        for_each = statement.value.from == null ? {} : {
          "aws:SourceAccount" = { test = "StringEquals", value = local.account }
          "aws:SourceArn"     = { test = "ArnLike", value = statement.value.from }
        }
        content {
          test     = condition.value.test
          variable = condition.key
          values   = [condition.value.value]
        }
      }
    }
  }

  # Stops alerts being read or forged on the wire.
  statement {
    sid       = "DenyPublishWithoutTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.topic["alerts"].minified_json
}

resource "aws_sns_topic_policy" "watchdog" {
  arn    = aws_sns_topic.watchdog.arn
  policy = data.aws_iam_policy_document.topic["watchdog"].minified_json
}
