# The rules are data: rules.tf. A rule of our own answers in JSON with CORS headers (responses.tf). AWS's managed groups block
# plainly, and the API's WAF_FILTERED gateway response answers for them (AWS WAF Developer Guide, "Sending custom responses
# for Block actions").

locals {
  # AWS WAF inspects 16 KB of a body by default, and passes on what it has not inspected.
  inspection_limits = { KB_16 = 16384, KB_32 = 32768, KB_48 = 49152, KB_64 = 65536 }
  inspection_limit  = [for limit, bytes in local.inspection_limits : limit if var.limits.body_bytes <= bytes][0]

  # One reference for all outputs: Terraform decodes the whole web ACL, whose type is enormous, for each.
  web_acl = {
    arn  = aws_wafv2_web_acl.this.arn
    id   = aws_wafv2_web_acl.this.id
    name = aws_wafv2_web_acl.this.name
  }
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192: known-bad-inputs is a dynamic rule, which checkov does not unfold; the module's tests see it block
  name        = var.name
  description = "What may reach ${var.name}"
  scope       = "REGIONAL"
  tags        = var.tags

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.rules

    content {
      name     = rule.value.name
      priority = rule.key

      dynamic "action" {
        for_each = rule.value.group == null && rule.value.rule_group == null ? [rule.value] : []

        content {
          dynamic "allow" {
            for_each = action.value.mode == "allow" ? ["allow"] : []
            content {}
          }

          dynamic "block" {
            for_each = action.value.mode == "block" ? [local.responses[action.value.response]] : []

            content {
              custom_response {
                response_code            = block.value.status
                custom_response_body_key = action.value.response

                dynamic "response_header" {
                  for_each = merge(local.response_headers, block.value.headers)
                  content {
                    name  = response_header.key
                    value = response_header.value
                  }
                }
              }
            }
          }

          dynamic "count" {
            for_each = action.value.mode == "count" ? ["count"] : []
            content {}
          }
        }
      }

      # A group keeps the actions of its own rules, or only counts.
      dynamic "override_action" {
        for_each = rule.value.group == null && rule.value.rule_group == null ? [] : [rule.value.mode]

        content {
          dynamic "none" {
            for_each = override_action.value == "block" ? ["none"] : []
            content {}
          }

          dynamic "count" {
            for_each = override_action.value == "count" ? ["count"] : []
            content {}
          }
        }
      }

      statement {
        dynamic "size_constraint_statement" {
          for_each = length(rule.value.match) == 1 ? rule.value.match : []
          iterator = size

          content {
            comparison_operator = "GT"
            size                = size.value.above

            field_to_match {
              dynamic "body" {
                for_each = size.value.field == "body" ? ["body"] : []
                content {
                  oversize_handling = "MATCH"
                }
              }

              dynamic "single_header" {
                for_each = size.value.field == "body" ? [] : [size.value.field]
                content {
                  name = single_header.value
                }
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }

        # AND takes no fewer than two statements.
        dynamic "and_statement" {
          for_each = length(rule.value.match) > 1 ? [rule.value.match] : []

          content {
            dynamic "statement" {
              for_each = and_statement.value
              iterator = part

              content {
                dynamic "size_constraint_statement" {
                  for_each = can(part.value.above) ? [part.value] : []
                  iterator = size

                  content {
                    comparison_operator = "GT"
                    size                = size.value.above

                    field_to_match {
                      dynamic "body" {
                        for_each = size.value.field == "body" ? ["body"] : []
                        content {
                          oversize_handling = "MATCH"
                        }
                      }

                      dynamic "json_body" {
                        for_each = size.value.field == "json" ? ["json"] : []
                        content {
                          match_scope               = "ALL"
                          invalid_fallback_behavior = "MATCH"
                          oversize_handling         = "MATCH"

                          match_pattern {
                            all {}
                          }
                        }
                      }
                    }

                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }

                dynamic "not_statement" {
                  for_each = can(part.value.is_not) ? [part.value] : []

                  content {
                    statement {
                      regex_match_statement {
                        regex_string = not_statement.value.is_not

                        field_to_match {
                          single_header {
                            name = not_statement.value.header
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
          }
        }

        dynamic "rate_based_statement" {
          for_each = rule.value.rate ? [var.limits] : []
          content {
            aggregate_key_type    = "IP"
            limit                 = rate_based_statement.value.rate_requests
            evaluation_window_sec = rate_based_statement.value.rate_window_seconds

            dynamic "scope_down_statement" {
              for_each = rule.value.addresses == null ? [] : [rule.value.addresses]

              content {
                not_statement {
                  statement {
                    or_statement {
                      dynamic "statement" {
                        for_each = [for key, set in local.ip_sets : key if set.list == scope_down_statement.value]
                        iterator = set

                        content {
                          ip_set_reference_statement {
                            arn = aws_wafv2_ip_set.this[set.value].arn
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }

        dynamic "managed_rule_group_statement" {
          for_each = rule.value.group == null ? [] : [rule.value.group]

          content {
            vendor_name = "AWS"
            name        = managed_rule_group_statement.value

            dynamic "rule_action_override" {
              for_each = setunion(rule.value.count_rules, try(var.managed_rule_groups[rule.value.name].count_rules, []))
              content {
                name = rule_action_override.value
                action_to_use {
                  count {}
                }
              }
            }
          }
        }

        dynamic "rule_group_reference_statement" {
          for_each = rule.value.rule_group == null ? [] : [rule.value.rule_group]

          content {
            arn = var.rule_groups[rule_group_reference_statement.value].arn
          }
        }

        dynamic "or_statement" {
          for_each = rule.value.addresses == null || rule.value.rate ? [] : [rule.value.addresses]

          content {
            dynamic "statement" {
              for_each = [for key, set in local.ip_sets : key if set.list == or_statement.value]
              iterator = set

              content {
                ip_set_reference_statement {
                  arn = aws_wafv2_ip_set.this[set.value].arn
                }
              }
            }
          }
        }

        dynamic "or_statement" {
          for_each = length(rule.value.chains) > 0 ? [rule.value.chains] : []

          content {
            dynamic "statement" {
              for_each = or_statement.value
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
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.value.name
        sampled_requests_enabled   = false
      }
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

  # A rule that matches may quote what it matched, and console samples show headers: not the caller's words, no header and no
  # query. A field without keys is protected whole (AWS WAF API Reference, FieldToProtect).
  data_protection_config {
    dynamic "data_protection" {
      for_each = ["BODY", "SINGLE_HEADER", "QUERY_STRING"]
      content {
        action = "SUBSTITUTION"
        field {
          field_type = data_protection.value
        }
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
      error_message = "The web ACL would need ${local.wcu_total} capacity units (WCU), and ${format("%d,%03d", floor(local.facts.included_wcu / 1000), local.facts.included_wcu % 1000)} are included in its price. Take away rule_groups, or chains or text transformations from prompt_injection.chains; a chain costs 50, and 10 for each transformation. A managed group that you can do without may be off."
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
