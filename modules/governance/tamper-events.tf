# A change to a control tells somebody, whether or not it was allowed. Two roads, because AWS has two: EventBridge gets an
# event within seconds, but those of global services such as IAM only in us-east-1 (AWS Knowledge Center, "EventBridge rule
# triggers IAM single Region"); the trail's log group, whatever its Region, gets those too.
locals {
  # Users and root have no session issuer, and "anything-but" does not match a field that is not there.
  outside_deploy_roles = [
    { userIdentity = { sessionContext = { sessionIssuer = { arn = [{ "anything-but" = var.deploy_role_arns }] } } } },
    { userIdentity = { sessionContext = { sessionIssuer = { arn = [{ exists = false }] } } } },
  ]

  tamper_events = {
    guardrail-changed = {
      title   = "The guardrail was changed"
      service = "bedrock"
      names   = ["CreateGuardrailVersion", "DeleteEnforcedGuardrailConfiguration", "DeleteGuardrail", "PutEnforcedGuardrailConfiguration", "UpdateGuardrail"]
    }
    invocation-logging-changed = {
      title   = "Bedrock's invocation logging was changed or turned off"
      service = "bedrock"
      names   = ["DeleteModelInvocationLoggingConfiguration", "PutModelInvocationLoggingConfiguration"]
    }
    trail-changed = {
      title   = "The audit trail was stopped or changed"
      service = "cloudtrail"
      names   = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"]
    }
    logs-changed = {
      title   = "A log group was deleted, or its retention or key was changed"
      service = "logs"
      names   = ["AssociateKmsKey", "DeleteLogGroup", "DeleteRetentionPolicy", "DisassociateKmsKey", "PutRetentionPolicy"]
      # Other applications' groups come and go.
      request = { logGroupName = local.log_groups }
    }
    masking-changed = {
      title   = "The masking of personal data in a log group was changed or taken off"
      service = "logs"
      names   = ["DeleteDataProtectionPolicy", "PutDataProtectionPolicy"]
    }
    key-endangered = {
      title   = "A KMS key was scheduled for deletion, disabled, or given another policy"
      service = "kms"
      names   = ["DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"]
    }
    waf-changed = {
      title   = "The web ACL was changed, taken off, or stopped logging"
      service = "wafv2"
      names   = ["AssociateWebACL", "DeleteLoggingConfiguration", "DeleteWebACL", "DisassociateWebACL", "UpdateRegexPatternSet", "UpdateWebACL"]
    }
  }

  tamper_patterns = merge(
    {
      for name, event in local.tamper_events : name => {
        source        = ["aws.${event.service}"]
        "detail-type" = ["AWS API Call via CloudTrail"]
        detail = merge(
          {
            eventSource = ["${event.service}.amazonaws.com"]
            eventName   = event.names
            errorCode   = [{ exists = false }] # a refused attempt is told once, below
          },
          { for field, value in { requestParameters = try(event.request, null) } : field => value if value != null },
          { for field, value in { "$or" = local.outside_deploy_roles } : field => value if length(var.deploy_role_arns) > 0 },
        )
      }
    },
    {
      # By anybody, deploy roles too: who may change the controls is not refused.
      attempt-refused = {
        source        = distinct([for event in values(local.tamper_events) : "aws.${event.service}"])
        "detail-type" = ["AWS API Call via CloudTrail"]
        detail = {
          eventName = sort(distinct(flatten(values(local.tamper_events)[*].names)))
          errorCode = [{ prefix = "AccessDenied" }]
        }
      }
    },
  )

  tamper_titles = merge(
    { for name, event in local.tamper_events : name => event.title },
    { attempt-refused = "Somebody tried to change a control and was refused" },
  )
}

resource "aws_cloudwatch_event_rule" "tamper" {
  for_each = local.tamper_patterns

  name          = "${var.name}-${each.key}"
  description   = local.tamper_titles[each.key]
  event_pattern = jsonencode(each.value)
}

resource "aws_cloudwatch_event_target" "tamper" {
  for_each = aws_cloudwatch_event_rule.tamper

  rule      = each.value.name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts.arn

  # A sentence and not an event: who, what, when, from where, and what to do.
  input_transformer {
    input_paths = {
      account = "$.account"
      action  = "$.detail.eventName"
      address = "$.detail.sourceIPAddress"
      event   = "$.detail.eventID"
      region  = "$.region"
      service = "$.detail.eventSource"
      time    = "$.detail.eventTime"
      who     = "$.detail.userIdentity.arn"
    }

    # Quoted by hand: jsonencode would escape the brackets that mark EventBridge's placeholders.
    input_template = "\"${join(" ", [
      "${local.tamper_titles[each.key]} (${var.name}, account <account>, <region>).",
      "<who> called <action> of <service> at <time> from <address>.",
      "If nobody planned this, treat it as an attack: revoke that principal's sessions first, then look up CloudTrail event <event>.",
    ])}\""
  }
}

locals {
  identity_changes_metric = "IdentityChanges"

  identity_changes_pattern = join(" && ", concat(
    [
      "{ ($.eventSource = \"iam.amazonaws.com\")",
      "($.readOnly IS FALSE)",
      "(${join(" || ", concat(
        ["($.requestParameters.policyArn = \"*:policy/${var.name}-*\")"],
        [for role in local.service_roles : "($.requestParameters.roleName = \"${role}\")"],
      ))})",
    ],
    length(var.deploy_role_arns) == 0 ? [] : [
      "(($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS) || (${join(" && ", [
        for arn in var.deploy_role_arns : "($.userIdentity.sessionContext.sessionIssuer.arn != \"${arn}\")"
      ])}))",
    ],
  ))
}

resource "aws_cloudwatch_log_metric_filter" "identity_changes" {
  count = var.trail == null ? 0 : 1

  name           = "${var.name}-identity-changes"
  log_group_name = aws_cloudwatch_log_group.trail[0].name
  pattern        = "${local.identity_changes_pattern} }"

  metric_transformation {
    namespace = var.watched.metrics_namespace
    name      = local.identity_changes_metric
    value     = "1"
  }

  lifecycle {
    precondition {
      condition     = length(local.identity_changes_pattern) <= 1022
      error_message = "The filter that watches IAM is longer than CloudWatch Logs takes (1,024 characters). Name fewer deploy roles."
    }
  }
}
