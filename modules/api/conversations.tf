# DELETE /chat/{id}: whoever holds a conversation can end it. Guarded as POST /chat is.
locals {
  conversations = var.function.conversations ? { delete = "DELETE", preflight = "OPTIONS" } : {}
}

resource "aws_api_gateway_resource" "conversation" {
  count = var.function.conversations ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.chat.id
  path_part   = "{id}"
}

resource "aws_api_gateway_method" "conversation" {
  #checkov:skip=CKV2_AWS_53: neither has a body; the function looks at the id
  #checkov:skip=CKV_CHATBOT_12: neither has a body
  for_each = local.conversations

  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.conversation[0].id
  http_method          = each.value
  authorization        = each.key == "preflight" ? "NONE" : aws_api_gateway_method.chat.authorization
  authorizer_id        = each.key == "preflight" ? null : aws_api_gateway_method.chat.authorizer_id
  authorization_scopes = each.key == "preflight" ? null : aws_api_gateway_method.chat.authorization_scopes
  api_key_required     = each.key != "preflight"
}

resource "aws_api_gateway_integration" "conversation" {
  for_each = local.conversations

  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.conversation[0].id
  http_method             = aws_api_gateway_method.conversation[each.key].http_method
  type                    = each.key == "preflight" ? "MOCK" : "AWS_PROXY"
  integration_http_method = each.key == "preflight" ? null : "POST"
  uri                     = each.key == "preflight" ? null : var.function.alias_invoke_arn
  timeout_milliseconds    = 29000
  passthrough_behavior    = each.key == "preflight" ? "NEVER" : null
  request_templates       = each.key == "preflight" ? { "application/json" = jsonencode({ statusCode = 204 }) } : null
}

resource "aws_api_gateway_method_response" "conversation" {
  count = var.function.conversations ? 1 : 0

  rest_api_id         = aws_api_gateway_rest_api.this.id
  resource_id         = aws_api_gateway_resource.conversation[0].id
  http_method         = aws_api_gateway_method.conversation["preflight"].http_method
  status_code         = "204"
  response_parameters = aws_api_gateway_method_response.preflight.response_parameters
}

resource "aws_api_gateway_integration_response" "conversation" {
  count = var.function.conversations ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.conversation[0].id
  http_method = aws_api_gateway_integration.conversation["preflight"].http_method
  status_code = aws_api_gateway_method_response.conversation[0].status_code

  response_parameters = {
    for header, value in merge(local.cors_headers, { "Access-Control-Allow-Methods" = "DELETE,OPTIONS" }) :
    "method.response.header.${header}" => "'${value}'"
  }

  response_templates = aws_api_gateway_integration_response.preflight.response_templates
}

resource "aws_lambda_permission" "conversation" {
  count = var.function.conversations ? 1 : 0

  statement_id  = "AllowDeletionFromApi"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = var.function.function_name
  qualifier     = var.function.alias_name
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage_name}/${aws_api_gateway_method.conversation["delete"].http_method}${aws_api_gateway_resource.chat.path}/*"
}
