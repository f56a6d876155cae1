# A change to a control alerts somebody, whether or not it was allowed. Two ways, because AWS has two: EventBridge gets an
# event within seconds, but those of global services such as IAM only in us-east-1 (AWS Knowledge Center, "EventBridge rule
# triggers IAM single Region"); the trail's log group, whatever its Region, gets those too. Each watches the other: a rule
# sees the filters, the alarms and the trail go, and a filter sees the rules and the topic go.
#
# Names of events begin with a verb, and some end in an API's version, as UpdateFunctionCode20150331v2: prefixes match both.
# "Disa" is disable and disassociate: a pattern has 2,048 characters.
locals {
  changing = [
    for verb in [
      "Add", "Associate", "Create", "Delete", "Disa", "Enable", "Flush", "Generate", "Import", "Integrate",
      "Link", "Publish", "Put", "Reject", "Remove", "Schedule", "Set", "Stop", "Subscribe", "Unsubscribe", "Update",
    ] : { prefix = verb }
  ]

  # The events of what deny-tampering.tf denies, of services whose events are called as their actions are.
  denied_events = {
    for name, rule in local.tampering : name => [
      for action in rule.actions : { prefix = trimsuffix(split(":", action)[1], "*") }
      if contains(["bedrock", "cloudtrail", "kms", "logs", "wafv2"], split(":", action)[0])
    ]
  }

  # Users and root have no session issuer, and "anything-but" does not match a field that is not there.
  outside_deploy_roles = {
    sessionContext = { sessionIssuer = { "$or" = [
      { arn = [{ "anything-but" = var.deploy_role_arns }] },
      { arn = [{ exists = false }] },
    ] } }
  }

  # Where a request names what it changes. Other applications' functions, logs and alarms come and go. A bus may have 30 rules
  # with wildcards (EventBridge User Guide, "Amazon EventBridge quotas"); an environment has five.
  ours = concat(
    [{ wildcard = "*${var.name}*" }],
    [for group in local.log_groups : { wildcard = "*${group}*" } if !strcontains(group, var.name)],
  )
  with_filters = var.watched.trail_log_group_name == null ? [] : [{ wildcard = "*${var.watched.trail_log_group_name}*" }]
  naming = {
    alerting   = ["alarmName", "alarmNames", "dashboardName", "dashboardNames", "name", "resourceArn", "rule", "subscriptionArn", "topicArn"]
    "function" = ["functionName", "resource", "resourceArn"]
    logs = concat(
      ["bucketName", "logGroupArnList", "logGroupIdentifier", "logGroupName", "resourceArn", "resourceIdentifier"],
      var.memory_table_name == null ? [] : ["tableName"],
    )
    waf = ["name", "resourceArn", "webACLArn"]
  }
  of_groups = ["logGroupIdentifier", "logGroupName"]
  named = {
    for kind, fields in merge(local.naming, { all = distinct(flatten(values(local.naming))) }) :
    kind => { requestParameters = { "$or" = [for field in fields : { (field) = kind == "logs" ? concat(local.ours, contains(local.of_groups, field) ? local.with_filters : []) : contains(local.of_groups, field) ? local.ours : [local.ours[0]] }] } }
  }

  # AWS invents the ids of keys, APIs, API keys and plans: changes of those in the whole account raise alerts.
  tamper_events = {
    guardrail-changed = {
      title    = "The guardrail was changed, or a road to a model was opened that goes round it"
      services = ["bedrock"]
      match    = { eventName = concat(local.denied_events.GuardrailChanges, local.denied_events.UnguardedInference, local.denied_events.ModelAccessChanges) }
    }
    invocation-logging-changed = {
      title    = "Bedrock's invocation logging was changed or turned off"
      services = ["bedrock"]
      match    = { eventName = local.denied_events.InvocationLoggingChanges }
    }
    trail-changed = {
      title    = "The audit trail was stopped or changed"
      services = ["cloudtrail"]
      match    = { eventName = local.denied_events.TrailTampering }
    }
    # Not every event that begins with Create: services make the streams that they write to.
    logs-changed = {
      title    = "A log group, ${var.memory_table_name == null ? "or the bucket of the audit trail," : "the bucket of the audit trail, or the table of budgets and conversations,"} was changed or deleted"
      services = concat(["logs", "s3"], var.memory_table_name == null ? [] : ["dynamodb"])
      match = { "$or" = [
        merge({ eventName = concat([for verb in local.changing : verb if verb.prefix != "Create"], [{ prefix = "CreateBucketMetadata" }, { prefix = "CreateExportTask" }]) }, local.named.logs),
        { eventName = local.denied_events.AccountLogPolicies },
      ] }
    }
    key-endangered = {
      title    = "A KMS key was scheduled for deletion, disabled, or given another policy or name"
      services = ["kms"]
      match    = { eventName = concat(local.denied_events.KeyLoss, local.denied_events.AliasLoss) }
    }
    waf-changed = {
      title    = "The web ACL was changed, taken off, or stopped logging"
      services = ["wafv2"]
      match = { "$or" = [
        { eventName = [{ prefix = "Associate" }, { prefix = "Disassociate" }] },
        merge({ eventName = local.denied_events.EdgeRemoval }, local.named.waf),
        { requestParameters = { loggingConfiguration = { resourceArn = [local.ours[0]] } } },
      ] }
    }
    function-changed = {
      title    = "The function, its code, its settings, or who may call it was changed"
      services = ["lambda"]
      match    = merge({ eventName = local.changing }, local.named["function"])
    }
    api-changed = {
      title    = "An API, an API key or a usage plan was changed"
      services = ["apigateway"]
      match    = { eventName = local.changing }
    }
    alerting-changed = {
      title    = "An alarm, a rule that raises alerts, or the topic that sends them was changed"
      services = ["events", "monitoring", "sns"]
      match    = merge({ eventName = local.changing }, local.named.alerting)
    }
  }

  tamper_patterns = merge(
    {
      for name, event in local.tamper_events : name => merge(local.of_cloudtrail, {
        detail = merge(
          {
            eventSource = [for service in event.services : "${service}.amazonaws.com"]
            errorCode   = [{ exists = false }] # a refused attempt raises one alert, below
          },
          event.match,
          { for field, value in { userIdentity = local.outside_deploy_roles } : field => value if length(var.deploy_role_arns) > 0 },
        )
      })
    },
    {
      # By anybody, deploy roles too: who may change the controls is not refused.
      attempt-refused = merge(local.of_cloudtrail, {
        detail = {
          eventName = local.changing
          errorCode = [{ prefix = "AccessDenied" }, { prefix = "AuthorizationError" }, { suffix = "UnauthorizedOperation" }]
          "$or" = [
            { eventSource = [for service in ["apigateway", "bedrock", "cloudtrail", "kms", "wafv2"] : "${service}.amazonaws.com"] },
            local.named.all,
            { requestParameters = { policyName = [{ exists = true }] } }, # of CloudWatch Logs, for every group at once
          ]
        }
      })
    },
  )

  # Nobody can send events of such a source but AWS.
  of_cloudtrail = { source = [{ prefix = "aws." }], "detail-type" = ["AWS API Call via CloudTrail"] }

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
  tags          = var.tags

  lifecycle {
    precondition {
      condition     = length(jsonencode(each.value)) <= 2048
      error_message = "The pattern of ${each.key} is ${length(jsonencode(each.value))} characters long; EventBridge takes 2,048. Name fewer deploy roles."
    }
  }
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

# What only the trail's log group shows: IAM and AWS Budgets speak in us-east-1, and rules and topic do not report
# their own end.
locals {
  outside_or_refused = length(var.deploy_role_arns) == 0 ? [] : ["(${join(" || ", [
    "($.errorCode = \"AccessDenied*\")",
    "($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS)",
    "(${join(" && ", [for arn in var.deploy_role_arns : "($.userIdentity.sessionContext.sessionIssuer.arn != \"${arn}\")"])})",
  ])})"]

  # A refused attempt to make a principal, or to grant one, names nothing of ours.
  trail_filters = { for name, filter in {
    identity-changes = {
      metric = "IdentityChanges"
      what = [
        "($.eventSource = \"iam.amazonaws.com\")",
        "($.readOnly IS FALSE)",
        "(${join(" || ", concat(
          ["($.errorCode = \"AccessDenied*\")", "($.requestParameters.policyArn = \"*:policy/${local.global_name}-*\")"],
          [for role in local.service_roles : "($.requestParameters.roleName = \"${role}\")"],
        ))})",
      ]
    }
    alerting-changes = {
      metric = "AlertingChanges"
      what = [
        "(($.readOnly IS FALSE) || ($.readOnly NOT EXISTS))",
        "(($.eventSource = \"budgets.*\") || ((($.eventSource = \"events.*\") || ($.eventSource = \"sns.*\")) && (${join(" || ", [
          for field in ["name", "resourceArn", "rule", "subscriptionArn", "topicArn"] : "($.requestParameters.${field} = \"*${var.name}-*\")"
        ])})))",
      ]
    }
    } : name => merge(filter, { pattern = "{ ${join(" && ", concat(filter.what, local.outside_or_refused))} }" })
  }
}

resource "aws_cloudwatch_log_metric_filter" "trail" {
  for_each = { for name, filter in local.trail_filters : name => filter if contains(keys(local.alarms), name) }

  name           = "${var.name}-${each.key}"
  log_group_name = try(aws_cloudwatch_log_group.trail[0].name, local.watched_trail_log_group)
  pattern        = each.value.pattern

  metric_transformation {
    namespace = var.watched.metrics_namespace
    name      = each.value.metric
    value     = "1"
  }

  lifecycle {
    precondition {
      condition     = length(each.value.pattern) <= 1024
      error_message = "The filter of ${each.key} is ${length(each.value.pattern)} characters long; CloudWatch Logs takes 1,024. Name fewer deploy roles."
    }
  }
}

moved {
  from = aws_cloudwatch_log_metric_filter.identity_changes[0]
  to   = aws_cloudwatch_log_metric_filter.trail["identity-changes"]
}
