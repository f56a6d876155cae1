locals {
  # AWS WAF sends a custom response as it stands: without these headers a browser hides it from the page.
  response_headers = {
    "Access-Control-Allow-Origin" = var.allowed_origin
    "Cache-Control"               = "no-store"
    "X-Content-Type-Options"      = "nosniff"
  }

  responses = {
    for code, response in {
      request_too_large      = { status = 413, message = "The request is larger than ${var.limits.body_bytes} bytes. Send a shorter message." }
      unsupported_media_type = { status = 415, message = "Send JSON in UTF-8 with Content-Type: application/json and no Content-Encoding." }
      invalid_request        = { status = 400, message = "The body is not valid JSON in UTF-8, or it names a key twice." }
      rate_limited           = { status = 429, message = "Too many requests from this address. Try again in a few minutes.", headers = { "Retry-After" = tostring(var.limits.rate_window_seconds), "Access-Control-Expose-Headers" = "Retry-After" } }
      prompt_injection       = { status = 403, message = "The message was blocked by safety controls." }
    } : code => merge({ headers = {} }, response)
  }
}
