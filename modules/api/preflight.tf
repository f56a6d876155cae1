# OPTIONS /chat: the question that a browser asks before it sends a page's POST. It carries no API key, and reaches no code.

locals {
  # A header's mapping cannot choose; a template can, and sets a header once (API Gateway Developer Guide, "Override your API's
  # request and response parameters and status codes"). Names of headers are compared as they come: HTTP/2 has them in lower case.
  # On one line: a line break would be a body. Where no origin fits, the mapping below stands, and the browser refuses.
  preflight_template = join("", [
    for origin in var.further_origins : join("", [
      "#if($input.params('Origin') == '${origin}' || $input.params('origin') == '${origin}')",
      "#set($context.responseOverride.header.Access-Control-Allow-Origin = '${origin}')",
      "#end",
    ])
  ])
}

resource "aws_api_gateway_method" "preflight" {
  #checkov:skip=CKV2_AWS_53: a preflight has no body and no parameters to validate
  rest_api_id      = aws_api_gateway_rest_api.this.id
  resource_id      = aws_api_gateway_resource.chat.id
  http_method      = "OPTIONS"
  authorization    = "NONE"
  api_key_required = false
}

resource "aws_api_gateway_integration" "preflight" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.chat.id
  http_method          = aws_api_gateway_method.preflight.http_method
  type                 = "MOCK"
  passthrough_behavior = "NEVER"

  request_templates = {
    "application/json" = jsonencode({ statusCode = 204 })
  }
}

resource "aws_api_gateway_method_response" "preflight" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.chat.id
  http_method = aws_api_gateway_method.preflight.http_method
  status_code = "204"

  response_parameters = {
    for header in keys(local.cors_headers) : "method.response.header.${header}" => true
  }
}

resource "aws_api_gateway_integration_response" "preflight" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.chat.id
  http_method = aws_api_gateway_integration.preflight.http_method
  status_code = aws_api_gateway_method_response.preflight.status_code

  # API Gateway reads a value without inner single quotes as a mapping expression, and refuses it.
  response_parameters = {
    for header, value in local.cors_headers : "method.response.header.${header}" => "'${value}'"
  }

  response_templates = length(var.further_origins) == 0 ? null : { "application/json" = local.preflight_template }
}
