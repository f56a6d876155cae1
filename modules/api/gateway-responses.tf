# What the API itself refuses, in the words of the chatbot. A browser shows a network error for a refusal without CORS headers.

locals {
  gateway_responses = {
    BAD_REQUEST_BODY       = { status = "400", code = "invalid_request", message = "The body must be valid JSON in UTF-8: an object with ${var.function.conversations ? "the field message, of 1 to ${var.max_message_chars} characters, and perhaps conversation_id" : "one field, message, of 1 to ${var.max_message_chars} characters"}." }
    INTEGRATION_TIMEOUT    = { status = "504", code = "model_timeout", message = "The answer took too long. Try again, or ask a shorter question." }
    INVALID_API_KEY        = { status = "403", code = "forbidden", message = "The x-api-key header is missing or its key is not valid." }
    QUOTA_EXCEEDED         = { status = "429", code = "quota_exceeded", message = "This API key has used up its quota. Wait for the next period." }
    REQUEST_TOO_LARGE      = { status = "413", code = "request_too_large", message = "The request is too large. Send a shorter message." } # AWS has not let it be worded so far ("important notes").
    RESOURCE_NOT_FOUND     = { status = "404", code = "not_found", message = "There is nothing here. Send POST /chat." }
    THROTTLED              = { status = "429", code = "throttled", message = "Too many requests at once. Try again in a second." }
    UNSUPPORTED_MEDIA_TYPE = { status = "415", code = "unsupported_media_type", message = "The Content-Type must be application/json." }
    WAF_FILTERED           = { status = "403", code = "request_blocked", message = "The request was blocked by safety controls." }

    # What API Gateway says to an unknown path or method; 403 Missing Authentication Token would send people after a key.
    MISSING_AUTHENTICATION_TOKEN = { status = "404", code = "not_found", message = "There is nothing here. Send POST /chat." }

    # The rest. A status here would overwrite the statuses of all others, so each keeps its own.
    DEFAULT_4XX = { status = null, code = "invalid_request", message = "The request was refused." }
    DEFAULT_5XX = { status = null, code = "internal_error", message = "Something went wrong on our side. Try again later." }
  }
}

resource "aws_api_gateway_gateway_response" "this" {
  for_each = merge(local.gateway_responses, local.sign_in_responses)

  rest_api_id   = aws_api_gateway_rest_api.this.id
  response_type = each.key
  status_code   = each.value.status

  response_parameters = {
    "gatewayresponse.header.Access-Control-Allow-Origin" = "'${var.allowed_origin}'"
    "gatewayresponse.header.Cache-Control"               = "'no-store'"
    "gatewayresponse.header.X-Content-Type-Options"      = "'nosniff'"
  }

  # Nothing of the request is repeated in an answer but its id.
  response_templates = {
    "application/json" = jsonencode({
      error = { code = each.value.code, message = each.value.message, request_id = "$context.requestId" }
    })
  }
}
