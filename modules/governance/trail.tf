# Who did what in the account. CloudTrail's own event history is neither complete nor kept beyond 90 days, so this is a
# trail: all Regions, signed digests, and a copy in CloudWatch Logs for alarms.
#
# No condition on this trust: AWS documents it without one (CloudTrail User Guide, "Sending events to CloudWatch Logs"), and
# with aws:SourceArn or aws:SourceAccount delivery stops on a live account (prowler-cloud/prowler issue 4714).
data "aws_iam_policy_document" "trail_trust" {
  statement {
    sid     = "CloudTrailWritesLogs"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "trail_logs" {
  statement {
    sid       = "WriteTrailStream"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn_prefix}${local.trail_log_group}:log-stream:${local.account}_CloudTrail_${local.region}*"]
  }
}

resource "aws_cloudwatch_log_group" "trail" {
  count = var.trail == null ? 0 : 1

  name              = local.trail_log_group
  kms_key_id        = local.key_arn
  retention_in_days = coalesce(var.trail.log_retention_days, var.log_retention_days)
  tags              = var.tags
}

resource "aws_iam_role" "trail" {
  count = var.trail == null ? 0 : 1

  name               = "${local.global_name}-trail"
  description        = "Lets CloudTrail write to CloudWatch Logs"
  assume_role_policy = data.aws_iam_policy_document.trail_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "trail" {
  count = var.trail == null ? 0 : 1

  name   = "write-trail-log"
  role   = aws_iam_role.trail[0].name
  policy = data.aws_iam_policy_document.trail_logs.minified_json
}

resource "aws_cloudtrail" "this" {
  count = var.trail == null ? 0 : 1
  #checkov:skip=CKV_AWS_252:a notice for every delivered file would say nothing; tamper-events.tf alerts on what matters

  name                          = local.trail_name
  s3_bucket_name                = aws_s3_bucket.trail[0].id
  kms_key_id                    = local.key_arn
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.trail[0].arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.trail[0].arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  tags                          = var.tags

  # Advanced selectors replace the default ones: without this first, the trail would lose management events, which is
  # where InvokeModel and Converse are.
  advanced_event_selector {
    name = "Every management event"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  # What the guardrail decided, for each prompt and answer, is a data event.
  advanced_event_selector {
    name = "Every guardrail evaluation"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::Bedrock::Guardrail"]
    }
  }

  # CloudTrail tries bucket and role when the trail is made.
  depends_on = [aws_s3_bucket_policy.trail, aws_iam_role_policy.trail]
}
