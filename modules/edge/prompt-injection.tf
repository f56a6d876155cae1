locals {
  pattern_lines = [for line in split("\n", file("${path.module}/prompt-injection-patterns.txt")) : trimspace(line)]
  patterns = (
    var.prompt_injection.patterns == null
    ? [for line in local.pattern_lines : line if line != "" && !startswith(line, "#")]
    : var.prompt_injection.patterns
  )

  # What AWS WAF's engine lacks: capturing groups and look-around, atomic groups, possessive quantifiers, backreferences
  # (AWS WAF Developer Guide, "Supported regular expression syntax in AWS WAF"). The API refuses them only at apply.
  unsupported_patterns = [
    for pattern in local.patterns : pattern
    if can(regex("(?:^|[^\\\\])\\((?:$|[^?]|\\?[^:])", pattern)) || can(regex("[*+?}]\\+|\\\\[1-9]", pattern))
  ]

  # Text is lower-cased before it is matched, so a capital in a pattern never matches; \S, \B and their like are no letters.
  capital_patterns = [for pattern in local.patterns : pattern if can(regex("(?:^|[^\\\\])[A-Z]", pattern))]
}

resource "aws_wafv2_regex_pattern_set" "prompt_injection" {
  name        = "${var.name}-prompt-injection"
  description = "Known attacks on the model, in lower case with single spaces"
  scope       = "REGIONAL"

  dynamic "regular_expression" {
    for_each = toset(local.patterns)
    content {
      regex_string = regular_expression.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.patterns) >= 1 && length(local.patterns) <= 10
      error_message = "A pattern set holds 1 to 10 patterns, and there are ${length(local.patterns)}. AWS WAF's quota is fixed: join patterns with |, or drop one."
    }

    precondition {
      condition     = alltrue([for pattern in local.patterns : length(pattern) >= 1 && length(pattern) <= 200])
      error_message = "Each prompt-injection pattern must be 1 to 200 characters long, AWS WAF's fixed quota. Too long or empty: ${join(" ; ", [for pattern in local.patterns : substr(pattern, 0, 40) if length(pattern) < 1 || length(pattern) > 200])}"
    }

    precondition {
      condition     = length(local.unsupported_patterns) == 0
      error_message = "AWS WAF's regex engine has no capturing groups, look-around, atomic groups, possessive quantifiers or backreferences; write groups as (?:…). Not usable: ${join(" ; ", local.unsupported_patterns)}"
    }

    precondition {
      condition     = length(local.capital_patterns) == 0
      error_message = "Patterns are matched against lower-cased text, so one with a capital letter never matches: ${join(" ; ", local.capital_patterns)}"
    }
  }
}
