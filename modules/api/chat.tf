# POST /chat: with sign-in a token, an API key, a body that fits the model, then the function.

resource "aws_api_gateway_model" "chat" {
  rest_api_id  = aws_api_gateway_rest_api.this.id
  name         = "ChatRequest"
  description  = "One message, and nothing else"
  content_type = "application/json"

  schema = jsonencode({
    "$schema"            = "http://json-schema.org/draft-04/schema#"
    title                = "ChatRequest"
    type                 = "object"
    additionalProperties = false
    required             = ["message"]
    properties = merge(
      { message = { type = "string", minLength = 1, maxLength = var.max_message_chars } },
      { for name, type in { conversation_id = { type = "string", pattern = "^[A-Za-z0-9_-]{24}$" } } : name => type if var.function.conversations },
    )
  })
}

resource "aws_api_gateway_request_validator" "body" {
  rest_api_id                 = aws_api_gateway_rest_api.this.id
  name                        = "body"
  validate_request_body       = true
  validate_request_parameters = false
}

resource "aws_api_gateway_method" "chat" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.chat.id
  http_method          = "POST"
  authorization        = var.identity == null ? "NONE" : "COGNITO_USER_POOLS"
  authorizer_id        = one(aws_api_gateway_authorizer.person[*].id)
  authorization_scopes = try(var.identity.scopes, null)
  api_key_required     = true
  request_validator_id = aws_api_gateway_request_validator.body.id

  # Keyed on application/json, the model would be skipped for any other Content-Type
  # (API Gateway Developer Guide, "Request validation for REST APIs").
  request_models = {
    "$default" = aws_api_gateway_model.chat.name
  }
}

resource "aws_api_gateway_integration" "chat" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.chat.id
  http_method             = aws_api_gateway_method.chat.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = var.function.alias_invoke_arn
  timeout_milliseconds    = 29000 # The most that API Gateway gives; the function ends sooner.
}

# Exactly this API, stage, method and path may call exactly this alias.
resource "aws_lambda_permission" "chat" {
  statement_id  = "AllowChatFromApi"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = var.function.function_name
  qualifier     = var.function.alias_name
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage_name}/${aws_api_gateway_method.chat.http_method}${aws_api_gateway_resource.chat.path}"
}
