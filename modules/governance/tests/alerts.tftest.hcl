provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  name = "chatbot-test"
}

run "by_default_what_is_refused_fails_or_is_changed_alerts_somebody" {
  command = plan

  # Alarms watch metrics that exist.
  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.this : name => join(" ", concat(
        [alarm.namespace, alarm.metric_name],
        [for dimension, value in alarm.dimensions == null ? tomap({}) : alarm.dimensions : "${dimension}=${value}"],
      )) if alarm.metric_name != null
      } == {
      alerting-changes     = "Chatbot AlertingChanges"
      api-4xx              = "AWS/ApiGateway 4XXError ApiName=chatbot-test Stage=v1"
      api-5xx              = "AWS/ApiGateway 5XXError ApiName=chatbot-test Stage=v1"
      api-latency          = "AWS/ApiGateway Latency ApiName=chatbot-test Stage=v1"
      function-concurrency = "AWS/Lambda ConcurrentExecutions FunctionName=chatbot-test"
      function-duration    = "AWS/Lambda Duration FunctionName=chatbot-test"
      function-errors      = "AWS/Lambda Errors FunctionName=chatbot-test"
      function-throttles   = "AWS/Lambda Throttles FunctionName=chatbot-test"
      guardrail-blocked    = "Chatbot Blocked service=chatbot-test"
      identity-changes     = "Chatbot IdentityChanges"
      input-tokens         = "Chatbot InputTokens service=chatbot-test"
      internal-errors      = "Chatbot InternalErrors service=chatbot-test"
      model-errors         = "Chatbot ModelErrors service=chatbot-test"
      model-throttled      = "Chatbot ModelThrottled service=chatbot-test"
      model-timeouts       = "Chatbot ModelTimeouts service=chatbot-test"
      output-tokens        = "Chatbot OutputTokens service=chatbot-test"
      prompt-leak          = "Chatbot Leaked service=chatbot-test"
      quota-nearly-used    = "AWS/Lambda Invocations FunctionName=chatbot-test Resource=chatbot-test:live"
      trail-silent         = "AWS/Logs IncomingLogEvents LogGroupName=/aws/cloudtrail/chatbot-test"
      waf-blocked          = "AWS/WAFV2 BlockedRequests Region=us-east-2 Rule=ALL WebACL=chatbot-test"
    }
    error_message = "An alarm on a metric nobody writes never fires."
  }

  assert {
    condition     = [for name, alarm in aws_cloudwatch_metric_alarm.this : name if alarm.treat_missing_data != "notBreaching"] == ["trail-silent"]
    error_message = "Silence is good news everywhere but from the trail."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["trail-silent"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["trail-silent"].treat_missing_data == "breaching"
    error_message = "A silent trail must raise an alarm."
  }

  # An alert that EventBridge cannot deliver raises an alarm.
  assert {
    condition = toset([
      for query in aws_cloudwatch_metric_alarm.this["alerts-undelivered"].metric_query :
      "${query.metric[0].namespace} ${query.metric[0].metric_name} ${query.metric[0].stat} ${query.metric[0].dimensions.RuleName}" if length(query.metric) > 0
    ]) == toset([for rule in aws_cloudwatch_event_rule.tamper : "AWS/Events FailedInvocations Sum ${rule.name}"])
    error_message = "Every rule's failed deliveries must be watched."
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.this["alerts-undelivered"].metric_query : query.expression if query.return_data == true] == ["SUM(METRICS())"]
    error_message = "The alarm must watch the sum of all rules."
  }

  # Every alarm is on the dashboard.
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.this)
    error_message = "The dashboard must show every alarm."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[1].properties.metrics[1] == ["AWS/ApiGateway", "4XXError", "ApiName", "chatbot-test", "Stage", "v1"]
    error_message = "A metric on the dashboard is written as namespace, name, and its dimensions."
  }

  # An environment without a table has no alarm on it.
  assert {
    condition     = length(setintersection(keys(aws_cloudwatch_metric_alarm.this), ["budget-nearly-used", "memory-errors"])) == 0
    error_message = "An alarm on what nobody writes never rings."
  }

  # A quota of a month is watched by the pace of a week.
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["quota-nearly-used"].threshold == 93 && aws_cloudwatch_metric_alarm.this["quota-nearly-used"].period == 604800
    error_message = "CloudWatch looks back over seven days at most: 80 % of 500 requests, times 7 / 30."
  }

  # The slowest hundredth counts.
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["api-latency"].extended_statistic == "p99"
    error_message = "A median hides the people who wait."
  }

  # A change outside the deploy roles raises an alert.
  # Which calls each rule matches, tests/rehearsal/test_bound_administrator.py shows with real records.
  assert {
    condition = toset(keys(aws_cloudwatch_event_rule.tamper)) == toset([
      "alerting-changed", "api-changed", "attempt-refused", "function-changed", "guardrail-changed", "invocation-logging-changed",
      "key-endangered", "logs-changed", "trail-changed", "waf-changed",
    ])
    error_message = "A control could be changed in silence."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.tamper) <= 10
    error_message = "The alarm alerts-undelivered adds up ten metrics at most."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.tamper["invocation-logging-changed"].event_pattern) == {
      source        = [{ prefix = "aws." }]
      "detail-type" = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource = ["bedrock.amazonaws.com"]
        eventName = [
          { prefix = "DeleteModelInvocationLoggingConfiguration" }, { prefix = "PutAccountDataRetention" },
          { prefix = "PutModelInvocationLoggingConfiguration" },
        ]
        errorCode = [{ exists = false }]
        userIdentity = { sessionContext = { sessionIssuer = { "$or" = [
          { arn = [{ "anything-but" = ["arn:aws:iam::111122223333:role/deploy"] }] },
          { arn = [{ exists = false }] },
        ] } } }
      }
    }
    error_message = "A change of the logging by a role, a user or root must match; one by a deploy role must not."
  }

  assert {
    condition = alltrue([
      for group in ["chatbot-test", "/aws/bedrock/model-invocations"] :
      strcontains(aws_cloudwatch_event_rule.tamper["logs-changed"].event_pattern, jsonencode({ wildcard = "*${group}*" }))
    ])
    error_message = "The groups that hold evidence must be watched."
  }

  # A refused attempt raises an alert whoever makes it.
  assert {
    condition = (
      contains(jsondecode(aws_cloudwatch_event_rule.tamper["attempt-refused"].event_pattern).detail.errorCode, { prefix = "AccessDenied" }) &&
      !strcontains(aws_cloudwatch_event_rule.tamper["attempt-refused"].event_pattern, "role/deploy")
    )
    error_message = "A refused attempt must raise an alert, a deploy role's as well."
  }

  # The message is a sentence.
  assert {
    condition = alltrue([
      for target in aws_cloudwatch_event_target.tamper :
      can(jsondecode(target.input_transformer[0].input_template)) &&
      alltrue([for path in keys(target.input_transformer[0].input_paths) : strcontains(target.input_transformer[0].input_template, "<${path}>")])
    ])
    error_message = "The message must be one JSON string that uses every value, in EventBridge's angle brackets."
  }

  # What EventBridge does not see is seen through the trail.
  assert {
    condition     = aws_cloudwatch_log_metric_filter.trail["identity-changes"].pattern == "{ ($.eventSource = \"iam.amazonaws.com\") && ($.readOnly IS FALSE) && (($.errorCode = \"AccessDenied*\") || ($.requestParameters.policyArn = \"*:policy/chatbot-test-us-east-2-*\") || ($.requestParameters.roleName = \"chatbot-test-us-east-2-*\") || ($.requestParameters.roleName = \"BedrockLoggingRole-us-east-2\") || ($.requestParameters.roleName = \"ApiGatewayLoggingRole-us-east-2\")) && (($.errorCode = \"AccessDenied*\") || ($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS) || (($.userIdentity.sessionContext.sessionIssuer.arn != \"arn:aws:iam::111122223333:role/deploy\"))) }"
    error_message = "EventBridge has no IAM events outside us-east-1, so the filter must catch them."
  }

  assert {
    condition = alltrue([
      for part in ["events.*", "sns.*", "budgets.*", "requestParameters.rule", "requestParameters.topicArn", "requestParameters.subscriptionArn"] :
      strcontains(aws_cloudwatch_log_metric_filter.trail["alerting-changes"].pattern, part)
    ])
    error_message = "EventBridge's own rules and the topic could be cut in silence."
  }

  assert {
    condition = alltrue([
      for name, filter in aws_cloudwatch_log_metric_filter.trail :
      filter.metric_transformation[0].name == aws_cloudwatch_metric_alarm.this[name].metric_name &&
      filter.metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.this[name].namespace
    ]) && length(aws_cloudwatch_log_metric_filter.trail) == 2
    error_message = "An alarm must watch what each filter writes."
  }

  # Only these alarms and rules publish alerts.
  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.topic["alerts"].json).Statement :
      statement.Sid => jsonencode([statement.Principal, try(statement.Condition, "none")])
      } == {
      AlarmsPublish = jsonencode([{ Service = "cloudwatch.amazonaws.com" }, {
        ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:us-east-2:111122223333:alarm:chatbot-test-*" }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      }])
      BudgetPublishes = jsonencode([{ Service = "budgets.amazonaws.com" }, {
        ArnLike      = { "aws:SourceArn" = "arn:aws:budgets::111122223333:*" }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      }])
      TamperEventsPublish   = jsonencode([{ Service = "events.amazonaws.com" }, "none"])
      DenyPublishWithoutTls = jsonencode(["*", { Bool = { "aws:SecureTransport" = "false" } }])
    }
    error_message = "Somebody else could forge an alert, or EventBridge, which takes no condition, delivers none."
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.topic["watchdog"].json).Statement == [
      for statement in jsondecode(replace(data.aws_iam_policy_document.topic["alerts"].json, "chatbot-test-alerts", "chatbot-test-alerts-watchdog")).Statement :
      statement if contains(["AlarmsPublish", "DenyPublishWithoutTls"], statement.Sid)
    ]
    error_message = "Alarms alone publish to the second topic."
  }

  assert {
    condition     = aws_sns_topic.watchdog.kms_master_key_id == null
    error_message = "Whoever ends the key would silence both topics."
  }
}

run "what_is_watched_alarmed_budgeted_and_mailed_is_what_was_configured" {
  command = plan

  variables {
    alerts            = { emails = ["oncall@example.com"] }
    memory_table_name = "chatbot-test"
    monitoring        = { alarms = { thresholds = { waf-blocked = 7 } }, budget = { monthly_usd = 42 }, dashboard = {} }
    watched = {
      api_name                 = "chatbot-test"
      api_stage                = "v1"
      function_concurrency     = 50
      function_name            = "chatbot-test"
      function_timeout_seconds = 20
      metrics_namespace        = "Chatbot"
      quota                    = { period = "DAY", requests = 1000 }
      web_acl_name             = "chatbot-test"
    }
  }

  assert {
    condition = toset([
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      statement.Resource if try(statement.Condition.StringEquals["kms:EncryptionContext:aws:dynamodb:tableName"], "") == "chatbot-test"
    ]) == toset(["*"])
    error_message = "The table's statements of the key's policy are not about the key."
  }

  # A threshold can be moved and the others stay.
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["waf-blocked"].threshold == 7 && aws_cloudwatch_metric_alarm.this["api-5xx"].threshold == 5
    error_message = "The threshold asked for is not the one planned."
  }

  # A table has alarms on its budgets and on its silence.
  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.this : name => [alarm.metric_name, alarm.statistic, tostring(alarm.threshold), alarm.comparison_operator]
      if contains(["budget-nearly-used", "memory-errors"], name)
      } == {
      budget-nearly-used = ["BudgetUsed", "Maximum", "80", "GreaterThanOrEqualToThreshold"]
      memory-errors      = ["MemoryErrors", "Sum", "5", "GreaterThanOrEqualToThreshold"]
    }
    error_message = "At 80 per cent of a budget, and for a table that does not answer, an alarm must ring."
  }

  # Alarms follow what was applied.
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["function-concurrency"].threshold == 40 &&
      aws_cloudwatch_metric_alarm.this["function-duration"].threshold == 18000 &&
      aws_cloudwatch_metric_alarm.this["quota-nearly-used"].threshold == 800 && aws_cloudwatch_metric_alarm.this["quota-nearly-used"].period == 86400
    )
    error_message = "A threshold must stay below the limit that it warns of."
  }

  # The month has a budget.
  assert {
    condition     = aws_budgets_budget.month[0].limit_amount == "42" && aws_budgets_budget.month[0].time_unit == "MONTHLY"
    error_message = "The limit is the one asked for, in a month."
  }

  assert {
    condition = toset([
      for notification in aws_budgets_budget.month[0].notification :
      "${notification.notification_type} ${notification.comparison_operator} ${notification.threshold} ${notification.threshold_type}"
    ]) == toset(["ACTUAL GREATER_THAN 50 PERCENTAGE", "ACTUAL GREATER_THAN 80 PERCENTAGE", "ACTUAL GREATER_THAN 100 PERCENTAGE"])
    error_message = "People are alerted at half, at four fifths, and when it is spent."
  }

  # People are alerted by e-mail.
  assert {
    condition     = aws_sns_topic_subscription.email["oncall@example.com"].protocol == "email"
    error_message = "The address named is not subscribed."
  }

  assert {
    condition     = aws_sns_topic_subscription.watchdog["oncall@example.com"].endpoint == "oncall@example.com"
    error_message = "The address named gets nothing of the first topic's end."
  }
}

run "patterns_and_filters_fit_their_limits" {
  command = plan

  variables {
    name              = "chatbot-an-environment-1" # The longest that modules/chatbot makes.
    memory_table_name = "chatbot-an-environment-1"
    deploy_role_arns = [
      "arn:aws:iam::111122223333:role/deploy",
      "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/us-east-2/AWSReservedSSO_PlatformAdministrator_0123456789abcdef",
    ]
  }

  # EventBridge User Guide, "Amazon EventBridge quotas"; CloudWatch Logs API Reference, PutMetricFilter.
  assert {
    condition = (
      max([for rule in aws_cloudwatch_event_rule.tamper : length(rule.event_pattern)]...) <= 2048 &&
      max([for filter in aws_cloudwatch_log_metric_filter.trail : length(filter.pattern)]...) <= 1024
    )
    error_message = "EventBridge takes patterns of at most 2,048 characters, and CloudWatch Logs of 1,024."
  }
}

run "what_grew_too_long_is_refused" {
  command = plan

  variables {
    deploy_role_arns = [for i in range(12) : "arn:aws:iam::111122223333:role/team-${i}/a-rather-long-path/deploy-the-chatbot"]
  }

  expect_failures = [aws_cloudwatch_event_rule.tamper, aws_cloudwatch_log_metric_filter.trail, output.scp_json]
}

run "without_deploy_roles_every_change_raises_an_alert" {
  command = plan

  variables {
    deploy_role_arns = []
  }

  assert {
    condition = (
      !anytrue([for rule in aws_cloudwatch_event_rule.tamper : strcontains(rule.event_pattern, "sessionIssuer")]) &&
      !anytrue([for filter in aws_cloudwatch_log_metric_filter.trail : strcontains(filter.pattern, "sessionIssuer")])
    )
    error_message = "Nobody is excepted when no deploy role is named."
  }
}

run "people_are_alerted_when_an_alarm_rings_and_when_it_ends" {
  command = plan

  override_resource {
    target          = aws_sns_topic.alerts
    override_during = plan
    values          = { arn = "arn:aws:sns:us-east-2:111122223333:chatbot-test-alerts" }
  }

  override_resource {
    target          = aws_sns_topic.watchdog
    override_during = plan
    values          = { arn = "arn:aws:sns:us-east-2:111122223333:chatbot-test-alerts-watchdog" }
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      contains(alarm.alarm_actions, aws_sns_topic.alerts.arn) && alarm.ok_actions == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "An alarm begins or ends, and nobody is alerted."
  }

  assert {
    condition = [for name, alarm in aws_cloudwatch_metric_alarm.this : name if contains(alarm.alarm_actions, aws_sns_topic.watchdog.arn)] == [
      "alerting-changes", "alerts-undelivered", "trail-silent",
    ]
    error_message = "The first topic or its key goes, and nobody is alerted."
  }
}

run "binding_a_deploy_role_is_refused" {
  command = plan

  variables {
    bound_role_names = ["deploy"]
  }

  expect_failures = [var.bound_role_names]
}
