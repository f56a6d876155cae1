# One map, one dashboard: what a person on call asks first, from the edge inwards.
locals {
  widgets = merge({
    "1 Requests and refusals at the API" = [
      ["AWS/ApiGateway", "Count", local.api_dimensions],
      ["AWS/ApiGateway", "4XXError", local.api_dimensions],
      ["AWS/ApiGateway", "5XXError", local.api_dimensions],
    ]
    "2 Web ACL" = [
      ["AWS/WAFV2", "AllowedRequests", merge(local.waf_dimensions, { Rule = "Default_Action" })],
      ["AWS/WAFV2", "BlockedRequests", local.waf_dimensions],
    ]
    "3 Function" = [
      ["AWS/Lambda", "Invocations", local.function_dimensions],
      ["AWS/Lambda", "Errors", local.function_dimensions],
      ["AWS/Lambda", "Throttles", local.function_dimensions],
    ]
    "4 Function, most at once" = [
      ["AWS/Lambda", "ConcurrentExecutions", local.function_dimensions],
    ]
    "5 Answers" = [
      [var.watched.metrics_namespace, "Requests", local.service_dimensions],
      [var.watched.metrics_namespace, "Answered", local.service_dimensions],
      [var.watched.metrics_namespace, "Blocked", local.service_dimensions],
      [var.watched.metrics_namespace, "Refused", local.service_dimensions],
      [var.watched.metrics_namespace, "InternalErrors", local.service_dimensions],
    ]
    "6 Model trouble" = [
      [var.watched.metrics_namespace, "ModelErrors", local.service_dimensions],
      [var.watched.metrics_namespace, "ModelThrottled", local.service_dimensions],
      [var.watched.metrics_namespace, "ModelTimeouts", local.service_dimensions],
    ]
    "7 Tokens" = [
      [var.watched.metrics_namespace, "InputTokens", local.service_dimensions],
      [var.watched.metrics_namespace, "OutputTokens", local.service_dimensions],
    ]
    "8 Latency p99 in ms" = [
      ["AWS/ApiGateway", "Latency", local.api_dimensions],
      ["AWS/Lambda", "Duration", local.function_dimensions],
      [var.watched.metrics_namespace, "ModelLatency", local.service_dimensions],
    ]
    }, { for title, metrics in {
      "9 Budgets and conversations" = [
        [var.watched.metrics_namespace, "BudgetExhausted", local.service_dimensions],
        [var.watched.metrics_namespace, "Deleted", local.service_dimensions],
      ]
  } : title => metrics if var.memory_table_name != null })

  # What has a dimension or a name that is not known here. A SEARCH cannot have an alarm.
  searches = {
    "Web ACL, blocked by rule"            = "{AWS/WAFV2,Region,Rule,WebACL} MetricName=\"BlockedRequests\" WebACL=\"${var.watched.web_acl_name}\""
    "Screened, by family of attack"       = "{${var.watched.metrics_namespace},service} service=\"${var.name}\" Screened"
    "Guardrail interventions, by version" = "{AWS/Bedrock/Guardrails,GuardrailArn,GuardrailVersion} MetricName=\"InvocationsIntervened\""
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.monitoring.dashboard == null ? 0 : 1

  dashboard_name = local.global_name

  dashboard_body = jsonencode({
    widgets = concat(
      [for alarms in [[for name in keys(local.alarms) : "${local.cloudwatch_arn_prefix}alarm:${var.name}-${name}"]] : {
        type       = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = { title = "Alarms", alarms = alarms }
      } if length(alarms) > 0],
      [for index, title in keys(local.widgets) : {
        type = "metric", x = index % 2 * 12, y = 3 + floor(index / 2) * 6, width = 12, height = 6
        properties = {
          title  = title
          region = local.region
          period = 300
          stat   = strcontains(title, "p99") ? "p99" : strcontains(title, "most") ? "Maximum" : "Sum"
          view   = "timeSeries"
          # CloudWatch writes a metric as one flat list: namespace, name, then each dimension's name and value.
          metrics = [
            for metric in local.widgets[title] :
            concat([metric[0], metric[1]], flatten([for name, value in metric[2] : [name, value]]))
          ]
        }
      }],
      [for index, title in keys(local.searches) : {
        type = "metric", x = index * 8, y = 3 + ceil(length(local.widgets) / 2) * 6, width = 8, height = 6
        properties = {
          title   = title
          region  = local.region
          view    = "timeSeries"
          metrics = [[{ expression = "SEARCH('${local.searches[title]}', 'Sum', 300)" }]]
        }
      }],
    )
  })
}

moved {
  from = aws_cloudwatch_dashboard.this
  to   = aws_cloudwatch_dashboard.this[0]
}
