# An API key says which client calls, so that it can be measured and stopped. It is not authentication
# (API Gateway Developer Guide, "Usage plans and API keys for REST APIs").

resource "aws_api_gateway_usage_plan" "this" {
  name        = var.plan.name
  description = "What each client of ${var.name} may use"
  tags        = var.tags

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = var.plan.rate_limit
    burst_limit = var.plan.burst_limit
  }

  quota_settings {
    limit  = var.plan.quota_limit
    period = var.plan.quota_period
  }
}

resource "aws_api_gateway_api_key" "client" {
  for_each = var.clients

  name        = "${var.name}-${each.key}"
  description = coalesce(each.value.description, "Client ${each.key} of ${var.name}")
  enabled     = !contains(var.disabled_clients, each.key)
  tags        = var.tags
}

resource "aws_api_gateway_usage_plan_key" "client" {
  for_each = var.clients

  usage_plan_id = aws_api_gateway_usage_plan.this.id
  key_id        = aws_api_gateway_api_key.client[each.key].id
  key_type      = "API_KEY"
}
