locals {
  # A page may send these headers, and no other, to the one path and method that there is.
  cors_headers = merge({
    "Access-Control-Allow-Headers" = var.identity == null ? "content-type,x-api-key" : "authorization,content-type,x-api-key"
    "Access-Control-Allow-Methods" = "OPTIONS,POST"
    "Access-Control-Allow-Origin"  = var.allowed_origin
    "Access-Control-Max-Age"       = "600"
  }, length(var.further_origins) > 0 ? { Vary = "Origin" } : {})
}

# No binary media types and no compression: the body that is validated is the text that the function gets.
resource "aws_api_gateway_rest_api" "this" {
  name                         = var.name
  description                  = "Secured AI chatbot"
  api_key_source               = "HEADER"
  disable_execute_api_endpoint = try(var.custom_domain.close_default_endpoint, false)
  tags                         = var.tags

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_resource" "chat" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "chat"
}
