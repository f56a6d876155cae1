locals {
  # Ids, times and results: never a body, a header or a key. $context.identity.apiKey is the key itself; apiKeyId is not.
  # $context.error.validationErrorString quotes the body that it refuses. A client may choose requestId (x-amzn-RequestId),
  # so extendedRequestId is the one to trust.
  access_log_format = jsonencode({
    requestId            = "$context.requestId"
    extendedRequestId    = "$context.extendedRequestId"
    requestTime          = "$context.requestTime"
    domainName           = "$context.domainName"
    sourceIp             = "$context.identity.sourceIp"
    httpMethod           = "$context.httpMethod"
    resourcePath         = "$context.resourcePath"
    status               = "$context.status"
    responseLength       = "$context.responseLength"
    responseLatency      = "$context.responseLatency"
    integrationStatus    = "$context.integration.status"
    integrationRequestId = "$context.integration.requestId"
    integrationLatency   = "$context.integration.latency"
    errorType            = "$context.error.responseType"
    wafStatus            = "$context.waf.status"
    wafResponseCode      = "$context.wafResponseCode"
    webAclArn            = "$context.webaclArn"
    apiKeyId             = "$context.identity.apiKeyId"
    tlsVersion           = "$context.tlsVersion"
    xrayTraceId          = "$context.xrayTraceId"
  })
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
