# One map, one resource. An alarm's threshold can be set by its name in var.monitoring.alarms.thresholds.
#
# treat_missing_data is "notBreaching" wherever a metric is written only when something happens: no requests, no data and
# nothing wrong. It is "breaching" for the trail, which is never silent while it works.
locals {
  api_dimensions      = { ApiName = var.watched.api_name, Stage = var.watched.api_stage }
  function_dimensions = { FunctionName = var.watched.function_name }
  alias_dimensions    = merge(local.function_dimensions, { Resource = "${var.watched.function_name}:${var.watched.function_alias}" })
  waf_dimensions      = { WebACL = var.watched.web_acl_name, Region = local.region, Rule = "ALL" }
  service_dimensions  = { service = var.name }

  # About the alerts themselves: sent to the second topic as well, which stays when the first one or its key goes.
  on_alerts = ["alerting-changes", "alerts-undelivered", "trail-silent"]

  period_days = { DAY = 1, WEEK = 7, MONTH = 30 }
  quota_days  = min(7, local.period_days[var.watched.quota.period])

  every_alarm = merge({
    api-5xx = {
      description = "The API answers with server errors. Look at the function's log for the request ids in the access log."
      namespace   = "AWS/ApiGateway", metric = "5XXError", dimensions = local.api_dimensions
      statistic   = "Sum", threshold = 5, period = 300, missing = "notBreaching" # written for each request
    }
    api-4xx = {
      description = "The API refuses unusually many requests: wrong keys, a throttled or broken client, or somebody probing."
      namespace   = "AWS/ApiGateway", metric = "4XXError", dimensions = local.api_dimensions
      statistic   = "Sum", threshold = 100, period = 300, missing = "notBreaching" # written for each request
    }
    api-latency = {
      description = "One request in a hundred waits close to API Gateway's limit of 29 seconds. The model is slow, or answers are long."
      namespace   = "AWS/ApiGateway", metric = "Latency", dimensions = local.api_dimensions
      statistic   = "p99", threshold = 25000, period = 300, missing = "notBreaching" # written for each request
    }
    function-errors = {
      description = "The function failed without an answer of its own: a crash, a timeout, or no memory."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = local.function_dimensions
      statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written for each invocation
    }
    function-throttles = {
      description = "More requests at once than the reserved concurrency allows: a busy day or a flood."
      namespace   = "AWS/Lambda", metric = "Throttles", dimensions = local.function_dimensions
      statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written for each invocation
    }
    function-duration = {
      description = "The function works close to its timeout."
      namespace   = "AWS/Lambda", metric = "Duration", dimensions = local.function_dimensions
      statistic   = "p95", threshold = 900 * var.watched.function_timeout_seconds, period = 300, missing = "notBreaching" # written for each invocation
    }
    # AWS writes it by function where concurrency is reserved, as it is here.
    function-concurrency = {
      description = "Four fifths of the reserved concurrency were in use at once: the next rush will be throttled."
      namespace   = "AWS/Lambda", metric = "ConcurrentExecutions", dimensions = local.function_dimensions
      statistic   = "Maximum", threshold = max(1, floor(0.8 * var.watched.function_concurrency)), period = 60, missing = "notBreaching" # written while it runs
    }
    # API Gateway has no metric of a usage plan's quota, and no alarm looks back over more than seven days: this one sees the
    # pace of all clients together. What one client has left is in `aws apigateway get-usage`. By the alias, as clients come:
    # whoever invokes a version, as proofs do, uses up no quota. AWS writes these metrics with the dimensions FunctionName and
    # Resource, function:alias (Lambda Developer Guide, "Viewing metrics for Lambda functions"; so does the CDK's Alias.metric).
    quota-nearly-used = {
      description = "Requests come at a pace that uses up four fifths of all clients' quotas. Some client may have reached its own already."
      namespace   = "AWS/Lambda", metric = "Invocations", dimensions = local.alias_dimensions
      statistic   = "Sum", threshold = max(1, floor(0.8 * var.watched.quota.requests * local.quota_days / local.period_days[var.watched.quota.period]))
      period      = 86400 * local.quota_days, missing = "notBreaching" # written for each invocation
    }
    waf-blocked = {
      description = "The web ACL blocks unusually many requests: somebody is attacking, or a rule is too strict."
      namespace   = "AWS/WAFV2", metric = "BlockedRequests", dimensions = local.waf_dimensions
      statistic   = "Sum", threshold = 100, period = 300, missing = "notBreaching" # written only when it is not zero
    }
    # The function's own count: Bedrock's guardrail metrics carry the version, and an alarm on them falls silent at the next one.
    guardrail-blocked = {
      description = "The guardrail blocks unusually many prompts or answers: somebody is trying to break it, or a policy is too strict."
      namespace   = var.watched.metrics_namespace, metric = "Blocked", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 20, period = 300, missing = "notBreaching" # written for each request
    }
    prompt-leak = {
      description = "The model recites its system prompt: somebody talks it into that. The answer was kept back, unless leak_mode is count."
      namespace   = var.watched.metrics_namespace, metric = "Leaked", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written for a leak only
    }
    model-errors = {
      description = "The model answers with errors. Look at the AWS Health Dashboard, and whether the model is still offered."
      namespace   = var.watched.metrics_namespace, metric = "ModelErrors", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 5, period = 300, missing = "notBreaching" # written only when it is not zero
    }
    model-throttled = {
      description = "Bedrock throttles the account: raise the quota of the model's tokens or requests per minute."
      namespace   = var.watched.metrics_namespace, metric = "ModelThrottled", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 5, period = 300, missing = "notBreaching" # written for each request
    }
    model-timeouts = {
      description = "The model does not answer in time."
      namespace   = var.watched.metrics_namespace, metric = "ModelTimeouts", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 3, period = 300, missing = "notBreaching" # written for each request
    }
    internal-errors = {
      description = "The function answers that it is not working: a configuration that does not fit, a refusal by AWS, or a bug."
      namespace   = var.watched.metrics_namespace, metric = "InternalErrors", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written only when it is not zero
    }
    # AWS writes it for each rule and only when it is not zero, so the alarm is on the sum of all of them: ten at most (Amazon
    # CloudWatch User Guide, "Limits that apply to alarms based on metric math expressions").
    alerts-undelivered = {
      description = "EventBridge could not hand an alert about a changed control to the topic. Look at the topic's policy and the key's."
      namespace   = "AWS/Events", metric = "FailedInvocations", sum_over = [for rule in keys(local.tamper_patterns) : { RuleName = "${var.name}-${rule}" }]
      statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written only when a delivery fails
    }
    input-tokens = {
      description = "The model reads unusually much in an hour, and is paid by the token."
      namespace   = var.watched.metrics_namespace, metric = "InputTokens", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 500000, period = 3600, missing = "notBreaching" # written for each answer
    }
    output-tokens = {
      description = "The model writes unusually much in an hour, and is paid by the token."
      namespace   = var.watched.metrics_namespace, metric = "OutputTokens", dimensions = local.service_dimensions
      statistic   = "Sum", threshold = 200000, period = 3600, missing = "notBreaching" # written for each answer
    }
    }, { for name, alarm in {
      identity-changes = {
        description = "Somebody outside the deploy roles changed a role or policy of the chatbot, or tried to change one of the account and was refused. The trail's log group has the event."
        namespace   = var.watched.metrics_namespace, metric = local.trail_filters["identity-changes"].metric, dimensions = {}
        statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written for each such event
      }
      alerting-changes = {
        description = "Somebody outside the deploy roles changed, or tried to change, a rule that raises alerts, the topic that sends them, or the budget. The trail's log group has the event."
        namespace   = var.watched.metrics_namespace, metric = local.trail_filters["alerting-changes"].metric, dimensions = {}
        statistic   = "Sum", threshold = 1, period = 300, missing = "notBreaching" # written for each such event
      }
      # Where a period has no data, CloudWatch first goes by the last one that has, some three back ("How alarm state is evaluated
      # when data is missing"): three of 20 minutes are the hour. Rings from the start until the first delivery. Quiet until then
      # would be "missing" in place of "breaching", and a trail that never wrote anything, for its role or its key, would be
      # reported by nobody.
      trail-silent = {
        description = "The trail wrote nothing for an hour. It was stopped, or can no longer write. After a first apply this rings until the trail's first delivery, some 15 minutes."
        namespace   = "AWS/Logs", metric = "IncomingLogEvents", dimensions = { LogGroupName = local.watched_trail_log_group }
        statistic   = "Sum", threshold = 1, period = 1200, missing = "breaching", comparison = "LessThanThreshold" # an account is never still
      }
      } : name => alarm if local.watched_trail_log_group != null }, { for name, alarm in {
      budget-nearly-used = {
        description = "A client, or a person, has used four fifths of a budget of tokens. `scripts/budget.py show` names whose."
        namespace   = var.watched.metrics_namespace, metric = "BudgetUsed", dimensions = local.service_dimensions
        statistic   = "Maximum", threshold = 80, period = 300, missing = "notBreaching" # written for each answer
      }
      memory-errors = {
        description = "The table of budgets and conversations does not answer in time. Requests are refused until it does, unless budget.on_store_failure is answer."
        namespace   = var.watched.metrics_namespace, metric = "MemoryErrors", dimensions = local.service_dimensions
        statistic   = "Sum", threshold = 5, period = 300, missing = "notBreaching" # written only when it is not zero
      }
  } : name => alarm if var.memory_table_name != null })

  alarms = { for name, alarm in local.every_alarm : name => alarm if var.monitoring.alarms != null }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = can(each.value.sum_over) ? null : each.value.namespace
  metric_name         = can(each.value.sum_over) ? null : each.value.metric
  dimensions          = try(each.value.dimensions, null)
  statistic           = can(each.value.sum_over) || startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = try(each.value.comparison, "GreaterThanOrEqualToThreshold")
  threshold           = lookup(var.monitoring.alarms.thresholds, each.key, each.value.threshold)
  period              = can(each.value.sum_over) ? null : each.value.period
  evaluation_periods  = 1
  treat_missing_data  = each.value.missing
  alarm_actions       = concat([aws_sns_topic.alerts.arn], [for name in local.on_alerts : aws_sns_topic.watchdog.arn if name == each.key])
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = var.tags

  dynamic "metric_query" {
    for_each = try(each.value.sum_over, [])
    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = each.value.namespace
        metric_name = each.value.metric
        dimensions  = metric_query.value
        stat        = each.value.statistic
        period      = each.value.period
      }
    }
  }

  dynamic "metric_query" {
    for_each = can(each.value.sum_over) ? [1] : []
    content {
      id          = "sum"
      label       = each.key
      expression  = "SUM(METRICS())"
      return_data = true
    }
  }
}
