# An API key says which client calls, so that it can be measured and stopped. It is not authentication
# (API Gateway Developer Guide, "Usage plans and API keys for REST APIs").

locals {
  # What each client may use: its own limits, and for the others those of every client.
  plans = {
    for client, one in var.clients : client => {
      burst_limit = coalesce(try(one.plan.burst_limit, null), var.plan.burst_limit)
      quota_limit = coalesce(try(one.plan.quota_limit, null), var.plan.quota_limit)
      rate_limit  = coalesce(try(one.plan.rate_limit, null), var.plan.rate_limit)
    }
  }

  plan_ids = {
    for client, one in var.clients :
    client => one.plan == null ? aws_api_gateway_usage_plan.this.id : aws_api_gateway_usage_plan.client[client].id
  }

  key_ids = {
    for client, one in var.clients :
    client => [for key in one.keys : aws_api_gateway_api_key.client[key == "1" ? client : "${client}.${key}"].id]
  }

  # A client's first key has the client's name alone. API Gateway counts for each key: both have the whole of the limits.
  keys = merge([
    for client, one in var.clients : {
      for key in one.keys : key == "1" ? client : "${client}.${key}" => client
    }
  ]...)
}

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

resource "aws_api_gateway_usage_plan" "client" {
  for_each = { for client, limits in local.plans : client => limits if var.clients[client].plan != null }

  name        = "${var.plan.name}-${each.key}"
  description = "What client ${each.key} of ${var.name} may use"
  tags        = var.tags

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = each.value.rate_limit
    burst_limit = each.value.burst_limit
  }

  quota_settings {
    limit  = each.value.quota_limit
    period = var.plan.quota_period
  }
}

resource "aws_api_gateway_api_key" "client" {
  for_each = local.keys

  name        = "${var.name}-${each.key}"
  description = coalesce(var.clients[each.value].description, "Client ${each.value} of ${var.name}")
  enabled     = !contains(var.disabled_clients, each.value)
  tags        = var.tags
}

resource "aws_api_gateway_usage_plan_key" "client" {
  for_each = local.keys

  usage_plan_id = local.plan_ids[each.value]
  key_id        = aws_api_gateway_api_key.client[each.key].id
  key_type      = "API_KEY"
}
