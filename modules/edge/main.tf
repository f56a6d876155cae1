# Rules in priority order, cheapest first. A rule of our own answers in JSON with CORS headers. AWS's managed groups block
# plainly, and the API's WAF_FILTERED gateway response speaks for them (AWS WAF Developer Guide, "Sending custom responses
# for Block actions").

locals {
  # AWS WAF inspects 16 KB of a body unless told otherwise, and passes on what it has not inspected.
  inspection_limits = { KB_16 = 16384, KB_32 = 32768, KB_48 = 49152, KB_64 = 65536 }
  inspection_limit  = [for limit, bytes in local.inspection_limits : limit if var.limits.body_bytes <= bytes][0]
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192: known-bad-inputs is a dynamic rule, which checkov does not unfold; the module's tests see it block
  name        = var.name
  description = "What may reach ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  # First, so that no later rule meets a body that AWS WAF cannot see to its end.
  rule {
    name     = "body-size"
    priority = 0

    action {
      block {
        custom_response {
          response_code            = local.responses.request_too_large.status
          custom_response_body_key = "request_too_large"

          dynamic "response_header" {
            for_each = local.response_headers
            content {
              name  = response_header.key
              value = response_header.value
            }
          }
        }
      }
    }

    statement {
      size_constraint_statement {
        comparison_operator = "GT"
        size                = var.limits.body_bytes

        field_to_match {
          body {
            oversize_handling = "MATCH"
          }
        }

        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "body-size"
      sampled_requests_enabled   = false
    }
  }

  # JSON in UTF-8 is the only thing that the rules below can read.
  rule {
    name     = "content-type"
    priority = 1

    action {
      block {
        custom_response {
          response_code            = local.responses.unsupported_media_type.status
          custom_response_body_key = "unsupported_media_type"

          dynamic "response_header" {
            for_each = local.response_headers
            content {
              name  = response_header.key
              value = response_header.value
            }
          }
        }
      }
    }

    statement {
      and_statement {
        # A preflight has no body, and must pass. Not "a POST": API Gateway takes the method from X-HTTP-Method-Override.
        statement {
          size_constraint_statement {
            comparison_operator = "GT"
            size                = 0

            field_to_match {
              body {
                oversize_handling = "MATCH"
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }

        # A missing header does not match, so NOT refuses it too.
        statement {
          not_statement {
            statement {
              regex_match_statement {
                regex_string = "^application/json *(?:; *charset=\"?utf-8\"? *)?$"

                field_to_match {
                  single_header {
                    name = "content-type"
                  }
                }

                text_transformation {
                  priority = 0
                  type     = "LOWERCASE"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "content-type"
      sampled_requests_enabled   = false
    }
  }

  # API Gateway unpacks a gzip or deflate body after AWS WAF has looked at the packed one.
  rule {
    name     = "content-encoding"
    priority = 2

    action {
      block {
        custom_response {
          response_code            = local.responses.unsupported_media_type.status
          custom_response_body_key = "unsupported_media_type"

          dynamic "response_header" {
            for_each = local.response_headers
            content {
              name  = response_header.key
              value = response_header.value
            }
          }
        }
      }
    }

    statement {
      size_constraint_statement {
        comparison_operator = "GT"
        size                = 0

        field_to_match {
          single_header {
            name = "content-encoding"
          }
        }

        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "content-encoding"
      sampled_requests_enabled   = false
    }
  }

  # A body that AWS WAF's parser cannot read to its end, a key named twice included, shows the rules below less than it shows
  # the function. No value is as long as a body may be, so only a parsing error matches.
  rule {
    name     = "json"
    priority = 3

    action {
      block {
        custom_response {
          response_code            = local.responses.invalid_request.status
          custom_response_body_key = "invalid_request"

          dynamic "response_header" {
            for_each = local.response_headers
            content {
              name  = response_header.key
              value = response_header.value
            }
          }
        }
      }
    }

    statement {
      and_statement {
        # Whether an empty body parses is not documented, and a preflight must pass. By the body, as content-type.
        statement {
          size_constraint_statement {
            comparison_operator = "GT"
            size                = 0

            field_to_match {
              body {
                oversize_handling = "MATCH"
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }

        statement {
          size_constraint_statement {
            comparison_operator = "GT"
            size                = var.limits.body_bytes

            field_to_match {
              json_body {
                match_scope               = "ALL"
                invalid_fallback_behavior = "MATCH"
                oversize_handling         = "MATCH"

                match_pattern {
                  all {}
                }
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "json"
      sampled_requests_enabled   = false
    }
  }

  # By address, not by API key: AWS WAF acts before keys are checked, so a caller could invent a new key for every request.
  rule {
    name     = "rate-per-ip"
    priority = 4

    action {
      block {
        custom_response {
          response_code            = local.responses.rate_limited.status
          custom_response_body_key = "rate_limited"

          dynamic "response_header" {
            for_each = merge(local.response_headers, { "Retry-After" = tostring(var.limits.rate_window_seconds) })
            content {
              name  = response_header.key
              value = response_header.value
            }
          }
        }
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.limits.rate_requests
        evaluation_window_sec = var.limits.rate_window_seconds
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate-per-ip"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = local.managed_rule_groups

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.name

          dynamic "rule_action_override" {
            for_each = rule.value.count_rules
            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = false
      }
    }
  }

  rule {
    name     = "prompt-injection"
    priority = 9

    action {
      dynamic "block" {
        for_each = var.prompt_injection.mode == "block" ? ["block"] : []
        content {
          custom_response {
            response_code            = local.responses.prompt_injection.status
            custom_response_body_key = "prompt_injection"

            dynamic "response_header" {
              for_each = local.response_headers
              content {
                name  = response_header.key
                value = response_header.value
              }
            }
          }
        }
      }

      dynamic "count" {
        for_each = var.prompt_injection.mode == "count" ? ["count"] : []
        content {}
      }
    }

    statement {
      or_statement {
        dynamic "statement" {
          for_each = var.prompt_injection.chains
          iterator = chain

          content {
            regex_pattern_set_reference_statement {
              arn = aws_wafv2_regex_pattern_set.prompt_injection.arn

              field_to_match {
                json_body {
                  match_scope               = "VALUE"
                  invalid_fallback_behavior = "NO_MATCH" # The rule json has refused it.
                  oversize_handling         = "MATCH"

                  # Not /message alone: a value elsewhere must not be a way round.
                  match_pattern {
                    all {}
                  }
                }
              }

              dynamic "text_transformation" {
                for_each = chain.value
                content {
                  priority = text_transformation.key
                  type     = text_transformation.value
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "prompt-injection"
      sampled_requests_enabled   = false
    }
  }

  dynamic "custom_response_body" {
    for_each = local.responses
    content {
      key          = custom_response_body.key
      content_type = "APPLICATION_JSON"
      content      = jsonencode({ error = { code = custom_response_body.key, message = custom_response_body.value.message } })
    }
  }

  dynamic "association_config" {
    for_each = local.inspection_limit == "KB_16" ? [] : [local.inspection_limit]
    content {
      request_body {
        api_gateway {
          default_size_inspection_limit = association_config.value
        }
      }
    }
  }

  # A rule that matches may quote what it matched, and console samples show headers: not the caller's words, not the key.
  data_protection_config {
    data_protection {
      action = "SUBSTITUTION"
      field {
        field_type = "BODY"
      }
    }

    data_protection {
      action = "SUBSTITUTION"
      field {
        field_type = "SINGLE_HEADER"
        field_keys = local.secret_headers
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }

  lifecycle {
    precondition {
      condition     = local.wcu_total <= local.facts.included_wcu
      error_message = "The web ACL would need ${local.wcu_total} capacity units (WCU), and ${format("%d,%03d", floor(local.facts.included_wcu / 1000), local.facts.included_wcu % 1000)} are included in its price. Take away chains or text transformations from prompt_injection.chains; a chain costs 50, and 10 for each transformation."
    }
  }
}

# The name under which the web ACL was first applied.
resource "terraform_data" "name" {
  input = var.name

  lifecycle {
    ignore_changes = [input]
  }
}

# Not create_before_destroy: a stage has one web ACL, and Terraform undoes an association by the stage alone, so that the end of
# the old one would be the end of the new (AWS WAF API Reference, DisassociateWebACL).
resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = var.resource_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn

  lifecycle {
    precondition {
      condition     = terraform_data.name.output == var.name
      error_message = "name cannot change from ${terraform_data.name.output} to ${var.name}: AWS renames no web ACL, and the API would stand without one while Terraform replaces it. Put a web ACL of the new name before a second stage, and move the callers to that."
    }
  }
}
