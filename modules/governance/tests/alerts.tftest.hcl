provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  name             = "chatbot-test"
  deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
  watched = {
    api_name          = "chatbot-test"
    api_stage         = "v1"
    function_name     = "chatbot-test"
    metrics_namespace = "Chatbot"
    web_acl_name      = "chatbot-test"
  }
}

run "alarms_watch_metrics_that_exist" {
  command = plan

  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.this : name => join(" ", concat(
        [alarm.namespace, alarm.metric_name],
        [for dimension, value in alarm.dimensions == null ? tomap({}) : alarm.dimensions : "${dimension}=${value}"],
      ))
      } == {
      api-4xx            = "AWS/ApiGateway 4XXError ApiName=chatbot-test Stage=v1"
      api-5xx            = "AWS/ApiGateway 5XXError ApiName=chatbot-test Stage=v1"
      api-latency        = "AWS/ApiGateway Latency ApiName=chatbot-test Stage=v1"
      function-duration  = "AWS/Lambda Duration FunctionName=chatbot-test"
      function-errors    = "AWS/Lambda Errors FunctionName=chatbot-test"
      function-throttles = "AWS/Lambda Throttles FunctionName=chatbot-test"
      guardrail-blocked  = "Chatbot Blocked service=chatbot-test"
      identity-changes   = "Chatbot IdentityChanges"
      model-errors       = "Chatbot ModelErrors service=chatbot-test"
      model-throttled    = "Chatbot ModelThrottled service=chatbot-test"
      model-timeouts     = "Chatbot ModelTimeouts service=chatbot-test"
      output-tokens      = "Chatbot OutputTokens service=chatbot-test"
      trail-silent       = "AWS/Logs IncomingLogEvents LogGroupName=/aws/cloudtrail/chatbot-test"
      waf-blocked        = "AWS/WAFV2 BlockedRequests Region=us-east-2 Rule=ALL WebACL=chatbot-test"
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
}

run "a_threshold_can_be_moved_and_the_others_stay" {
  command = plan

  variables {
    alerts = { thresholds = { waf-blocked = 7 } }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["waf-blocked"].threshold == 7 && aws_cloudwatch_metric_alarm.this["api-5xx"].threshold == 5
    error_message = "The threshold asked for is not the one planned."
  }
}

run "every_alarm_is_on_the_dashboard" {
  command = plan

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.this)
    error_message = "The dashboard must show every alarm."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[1].properties.metrics[1] == ["AWS/ApiGateway", "4XXError", "ApiName", "chatbot-test", "Stage", "v1"]
    error_message = "A metric on the dashboard is written as namespace, name, and its dimensions."
  }
}

run "a_change_outside_the_deploy_roles_is_told" {
  command = plan

  assert {
    condition = toset(keys(aws_cloudwatch_event_rule.tamper)) == toset([
      "attempt-refused", "guardrail-changed", "invocation-logging-changed", "key-endangered", "logs-changed", "trail-changed", "waf-changed",
    ])
    error_message = "A control could be changed in silence."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.tamper["guardrail-changed"].event_pattern) == {
      source        = ["aws.bedrock"]
      "detail-type" = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource = ["bedrock.amazonaws.com"]
        eventName = [
          "CreateGuardrailVersion", "DeleteEnforcedGuardrailConfiguration", "DeleteGuardrail",
          "PutEnforcedGuardrailConfiguration", "UpdateGuardrail",
        ]
        errorCode = [{ exists = false }]
        "$or" = [
          { userIdentity = { sessionContext = { sessionIssuer = { arn = [{ "anything-but" = ["arn:aws:iam::111122223333:role/deploy"] }] } } } },
          { userIdentity = { sessionContext = { sessionIssuer = { arn = [{ exists = false }] } } } },
        ]
      }
    }
    error_message = "A change of the guardrail by a role, a user or root must match; one by a deploy role must not."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.tamper["logs-changed"].event_pattern).detail.requestParameters.logGroupName == [
      "/aws/lambda/chatbot-test", "/aws/apigateway/chatbot-test", "aws-waf-logs-chatbot-test", "/aws/cloudtrail/chatbot-test", "/aws/bedrock/model-invocations",
    ]
    error_message = "The groups that hold evidence must be watched, and no others."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.tamper : length(rule.event_pattern) <= 2048])
    error_message = "EventBridge takes patterns of at most 2,048 characters."
  }
}

run "a_refused_attempt_is_told_whoever_makes_it" {
  command = plan

  assert {
    condition = (
      jsondecode(aws_cloudwatch_event_rule.tamper["attempt-refused"].event_pattern).detail.errorCode == [{ prefix = "AccessDenied" }] &&
      !can(jsondecode(aws_cloudwatch_event_rule.tamper["attempt-refused"].event_pattern).detail["$or"]) &&
      length(setsubtract(
        flatten([for name, rule in aws_cloudwatch_event_rule.tamper : jsondecode(rule.event_pattern).detail.eventName]),
        jsondecode(aws_cloudwatch_event_rule.tamper["attempt-refused"].event_pattern).detail.eventName,
      )) == 0
    )
    error_message = "Every watched call must be told when it is refused."
  }
}

run "without_deploy_roles_every_change_is_told" {
  command = plan

  variables {
    deploy_role_arns = []
  }

  assert {
    condition = (
      !can(jsondecode(aws_cloudwatch_event_rule.tamper["guardrail-changed"].event_pattern).detail["$or"]) &&
      !strcontains(aws_cloudwatch_log_metric_filter.identity_changes[0].pattern, "sessionIssuer")
    )
    error_message = "Nobody is excepted when no deploy role is named."
  }
}

run "the_message_is_a_sentence" {
  command = plan

  assert {
    condition = alltrue([
      for target in aws_cloudwatch_event_target.tamper :
      can(jsondecode(target.input_transformer[0].input_template)) &&
      alltrue([for path in keys(target.input_transformer[0].input_paths) : strcontains(target.input_transformer[0].input_template, "<${path}>")])
    ])
    error_message = "The message must be one JSON string that uses every value, in EventBridge's angle brackets."
  }
}

run "changes_of_iam_are_seen_through_the_trail" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_metric_filter.identity_changes[0].pattern == "{ ($.eventSource = \"iam.amazonaws.com\") && ($.readOnly IS FALSE) && (($.requestParameters.policyArn = \"*:policy/chatbot-test-*\") || ($.requestParameters.roleName = \"chatbot-test-*\") || ($.requestParameters.roleName = \"BedrockLoggingRole\") || ($.requestParameters.roleName = \"ApiGatewayLoggingRole\")) && (($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS) || (($.userIdentity.sessionContext.sessionIssuer.arn != \"arn:aws:iam::111122223333:role/deploy\"))) }"
    error_message = "EventBridge has no IAM events outside us-east-1, so the filter must catch them."
  }

  assert {
    condition = (
      aws_cloudwatch_log_metric_filter.identity_changes[0].metric_transformation[0].name == aws_cloudwatch_metric_alarm.this["identity-changes"].metric_name &&
      aws_cloudwatch_log_metric_filter.identity_changes[0].metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.this["identity-changes"].namespace
    )
    error_message = "The alarm must watch what the filter writes."
  }
}

run "only_these_alarms_and_rules_publish_alerts" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.topic.json).Statement : statement.Sid => jsonencode(statement.Condition)
      } == {
      AlarmsPublish = jsonencode({
        ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:us-east-2:111122223333:alarm:chatbot-test-*" }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      })
      TamperEventsPublish   = jsonencode({ ArnLike = { "aws:SourceArn" = "arn:aws:events:us-east-2:111122223333:rule/chatbot-test-*" } })
      DenyPublishWithoutTls = jsonencode({ Bool = { "aws:SecureTransport" = "false" } })
    }
    error_message = "Somebody else could forge an alert."
  }
}

run "people_are_told_by_e_mail" {
  command = plan

  variables {
    alerts = { emails = ["oncall@example.com"] }
  }

  assert {
    condition     = aws_sns_topic_subscription.email["oncall@example.com"].protocol == "email"
    error_message = "The address named is not subscribed."
  }
}
