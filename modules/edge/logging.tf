# Where clients put secrets on purpose, or leave them by mistake. Redaction takes headers by their names alone; data protection,
# in main.tf, takes every header, and knows no path. A cookie's name and a header's name stay in what data protection leaves.
locals {
  secret_headers = ["authorization", "cookie", "proxy-authorization", "referer", "x-amz-security-token", "x-api-key"]
}

# AWS WAF takes no other beginning of the name.
resource "aws_cloudwatch_log_group" "this" {
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this.arn]

  dynamic "redacted_fields" {
    for_each = local.secret_headers
    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  redacted_fields {
    query_string {}
  }

  redacted_fields {
    uri_path {}
  }
}
