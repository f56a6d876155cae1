locals {
  # A REST API serves the snapshot of its last deployment, so whatever describes it makes a new one: the files, and the
  # inputs that they read. A hash of resource ids, as in many examples, would miss every change in place.
  definition = [
    [for file in ["main.tf", "chat.tf", "preflight.tf", "gateway-responses.tf", "sign-in.tf", "conversations.tf"] : filesha256("${path.module}/${file}")],
    var.allowed_origin,
    var.further_origins,
    try(var.custom_domain.close_default_endpoint, false),
    var.function.alias_invoke_arn,
    var.function.conversations,
    var.identity,
    var.max_message_chars,
  ]
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  description = "Made by Terraform"

  triggers = {
    definition = sha256(jsonencode(local.definition))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_gateway_response.this,
    aws_api_gateway_integration.chat,
    aws_api_gateway_integration.conversation,
    aws_api_gateway_integration_response.conversation,
    aws_api_gateway_integration_response.preflight,
  ]
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120: an answer to one person must never be served to another from a cache
  #checkov:skip=CKV2_AWS_29: modules/edge puts the web ACL in front of this stage
  #checkov:skip=CKV2_AWS_4: the execution log of a refused body may quote the body, so there is none; see method settings
  #checkov:skip=CKV2_AWS_51: the integration is a Lambda function, which never sees a client certificate
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage_name
  description          = "POST ${aws_api_gateway_resource.chat.path}"
  xray_tracing_enabled = true
  tags                 = var.tags

  # A request carries the id of its API key, which a new key changes; budgets and conversations go by the client's name.
  variables = var.function.client_names ? { for name, key in aws_api_gateway_api_key.client : "client_${key.id}" => local.keys[name] } : null

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = local.access_log_format
  }

  lifecycle {
    # API Gateway refuses a stage with access logs in an account without a log role. Naming the role here makes the stage wait.
    precondition {
      condition     = var.log_role_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.log_role_arn))
      error_message = "log_role_arn must be the ARN of an IAM role, or null if the account has an API Gateway log role already."
    }
  }
}

resource "aws_api_gateway_method_settings" "all" {
  #checkov:skip=CKV_AWS_225: an answer to one person must never be served to another from a cache
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled    = true
    data_trace_enabled = false
    # The validator publishes its results there (API Gateway Developer Guide, "Request validation for REST APIs"), and they may
    # quote the text that they refuse, in a log group that API Gateway makes itself, unencrypted and for ever. The access log
    # has every request, and none of its text.
    logging_level = "OFF"

    # A CORS preflight has no key and no usage plan: this is its limit, and the ceiling over all clients together.
    throttling_rate_limit  = sum([for client in values(local.keys) : local.plans[client].rate_limit])
    throttling_burst_limit = sum([for client in values(local.keys) : local.plans[client].burst_limit])
  }
}
