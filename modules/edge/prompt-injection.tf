locals {
  pattern_lines = [for line in split("\n", file("${path.module}/prompt-injection-patterns.txt")) : trimspace(line)]
  patterns = (
    var.prompt_injection.patterns == null
    ? [for line in local.pattern_lines : line if line != "" && !startswith(line, "#")]
    : var.prompt_injection.patterns
  )

  # What the two engines that read a pattern, AWS WAF's and the function's, do not share, or what would never or always match
  # (AWS WAF Developer Guide, "Supported regular expression syntax in AWS WAF"). AWS refuses its part only at apply. `bare` is a
  # pattern without escapes and character classes, where brackets mean nothing; `instead` is the mended pattern, where there is one.
  read_patterns = [
    for pattern in local.patterns : {
      text   = pattern
      shown  = length(pattern) > 60 ? "${substr(pattern, 0, 60)}…" : pattern
      plain  = replace(pattern, "/\\\\(?:x[0-9A-Fa-f]{2}|.)/", "")
      bare   = replace(replace(pattern, "/\\\\./", ""), "/\\[\\^?\\]?[^\\]]*\\]/", "")
      lower  = can(regex("\\\\[A-Z]", pattern)) ? pattern : lower(pattern)
      proper = can(regex("(?:${pattern})|", ""))
    }
  ]
  pattern_faults = [
    for pattern in local.read_patterns : [
      for fault in [
        {
          found = pattern.text == "" || length(pattern.text) > 200
          why   = "has ${length(pattern.text)} characters, and AWS WAF takes 1 to 200"
        },
        {
          found   = can(regex("\\(\\?[imnsxJU^-]+[:)]", pattern.bare))
          why     = "has a flag such as (?i), which is not needed: text is lower-cased before it is matched"
          instead = replace(replace(pattern.lower, "/\\(\\?[a-z^-]+\\)/", ""), "/\\(\\?[a-z^-]+:/", "(?:")
        },
        {
          found   = can(regex("\\((?:[^?*]|\\?P?<[A-Za-z_]|\\?')", pattern.bare))
          why     = "has a capturing group, which AWS WAF does not take"
          instead = replace(replace(replace(pattern.lower, "/\\(\\?(?:[Pp]?<\\w+>|'\\w+')/", "("), "/(^|[^\\\\])\\(([^?*])/", "$1(?:$2"), "/(^|[^\\\\])\\(([^?*])/", "$1(?:$2")
        },
        {
          found = can(regex("\\((?:\\?(?:<?[=!]|>|[(|&R0-9+]|P[=>])|\\*)|[*+?}]\\+", pattern.bare)) || can(regex("\\\\[1-9gkCRK]", pattern.text))
          why   = "has a look-around, atomic group, possessive quantifier, backreference, condition or control verb, which AWS WAF does not take"
        },
        {
          found = can(regex("(?:^|[^\\\\])(?:\\\\\\\\)*\\\\[^\\WbBdDsSwW]|\\[\\[:|\\{,", pattern.text))
          why   = "has an escape, class or repetition that AWS WAF and the function read differently; both know \\b \\d \\s \\w, classes such as [a-z], and {0,3}"
        },
        {
          found   = can(regex("[A-Z]", pattern.plain))
          why     = "has a capital letter, and never matches: text is lower-cased before it is matched"
          instead = pattern.lower
        },
        {
          found = can(regex("[*+]\\)(?:[*+]|\\{[0-9]+,\\})", pattern.bare))
          why   = "repeats a group that ends in a repetition, and a hostile text could keep the function busy with it"
        },
        {
          found = pattern.proper && can(regex("^(?:${pattern.text})$", ""))
          why   = "matches the empty text, and with it every message"
        },
        {
          found = !pattern.proper
          why   = "is no regular expression: a bracket is not closed, or there is nothing to repeat"
        },
      ] : "`${pattern.shown}` ${fault.why}.${contains(["", pattern.text], try(fault.instead, "")) ? "" : " Write `${fault.instead}`."}" if fault.found
    ]
  ]
  first_faults = [for faults in local.pattern_faults : faults[0] if length(faults) > 0]
}

resource "aws_wafv2_regex_pattern_set" "prompt_injection" {
  name        = "${var.name}-prompt-injection"
  description = "Known attacks on the model, in lower case with single spaces"
  scope       = "REGIONAL"
  tags        = var.tags

  dynamic "regular_expression" {
    for_each = toset(local.patterns)
    content {
      regex_string = regular_expression.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.patterns) >= 1 && length(local.patterns) <= 10
      error_message = "prompt_injection.patterns must hold 1 to 10 patterns, and there are ${length(local.patterns)}. AWS WAF's quota is fixed: join patterns with |, or drop one."
    }

    precondition {
      condition     = length(local.first_faults) == 0
      error_message = "Of prompt_injection.patterns:\n${join("\n", local.first_faults)}"
    }
  }
}
