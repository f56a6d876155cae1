variable "addresses" {
  description = "Addresses with a rule of their own, as CIDR blocks of IPv4 or IPv6: such as those of a load test or of an office behind one address."
  type = object({
    allowed     = optional(list(string), []) # Pass without rate, managed groups, prompt_injection and rule_groups; a body that cannot be read to its end is refused to them too.
    rate_exempt = optional(list(string), []) # Not counted by rate-per-ip. Every other rule holds.
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for address in concat(var.addresses.allowed, var.addresses.rate_exempt) : try(cidrsubnet(address, 0, 0) == address, false) && !endswith(address, "/0")])
    error_message = "addresses holds CIDR blocks such as 192.0.2.0/24, 192.0.2.44/32 or 2001:db8::/48, smaller than the whole internet (/0): ${join(", ", [for address in concat(var.addresses.allowed, var.addresses.rate_exempt) : "${try(cidrsubnet(address, 0, 0), can(cidrhost("${address}/32", 0)) ? "${address}/32" : "such a block")} in place of \"${address}\"" if !(try(cidrsubnet(address, 0, 0) == address, false) && !endswith(address, "/0"))])}."
  }
}

variable "allowed_origin" {
  description = "The one web origin whose pages may read refusals: `https://host` or `https://host:port`. `http` is allowed for localhost and 127.0.0.1 alone."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:localhost|127\\.0\\.0\\.1))(?::[0-9]{1,5})?$", var.allowed_origin))
    error_message = "allowed_origin must be one exact origin as a browser sends it, such as https://chat.example.com, by the same pattern as in modules/api."
  }
}

variable "kms_key_arn" {
  description = "Customer managed key that encrypts the web ACL's log."
  type        = string
  nullable    = false
}

variable "limits" {
  description = "What is refused for its size or its frequency alone."
  type = object({
    body_bytes          = optional(number, 8192) # Largest body. Bodies above 16,384 bytes cost extra to inspect.
    rate_requests       = optional(number, 50)   # Requests from one address in a window, CORS preflights included. AWS counts approximately.
    rate_window_seconds = optional(number, 300)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.limits.body_bytes >= 64 && var.limits.body_bytes <= 65536 && floor(var.limits.body_bytes) == var.limits.body_bytes
    error_message = "limits.body_bytes must be a whole number from 64 to 65536: AWS WAF sees no more than 64 KB of a body, and what it cannot see must not pass."
  }

  validation {
    condition     = var.limits.rate_requests >= 10 && var.limits.rate_requests <= 2000000000
    error_message = "limits.rate_requests must be from 10 to 2000000000, the limits of AWS WAF's rate-based rules."
  }

  validation {
    condition     = contains([60, 120, 300, 600], var.limits.rate_window_seconds)
    error_message = "limits.rate_window_seconds must be 60, 120, 300 or 600, the windows of AWS WAF's rate-based rules."
  }
}

variable "log_retention_days" {
  description = "How long the web ACL's log is kept, in days."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_days > 0 # The provider checks which numbers CloudWatch Logs takes.
    error_message = "log_retention_days must be above 0, which would keep the log for ever."
  }
}

variable "managed_rule_groups" {
  description = "Tuning of AWS's managed rule groups, by the name that the rule has in rules.tf, such as `core-rule-set`."
  type = map(object({
    count_rules = optional(list(string), []) # Rules of the group that are counted instead of blocking, such as GenericRFI_BODY.
    mode        = optional(string, "block")  # `count` lets through and counts whatever the group matches; `off` leaves the group out.
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.managed_rule_groups) : contains(local.managed_groups, name)])
    error_message = "managed_rule_groups may tune ${join(", ", local.managed_groups)}, and no other: ${join(", ", setsubtract(keys(var.managed_rule_groups), local.managed_groups))} would tune nothing."
  }

  validation {
    condition     = alltrue([for group in values(var.managed_rule_groups) : contains(["block", "count", "off"], group.mode)])
    error_message = "The mode of each of managed_rule_groups must be block, count or off: ${join(", ", [for name, group in var.managed_rule_groups : "${name} has \"${group.mode}\"" if !contains(["block", "count", "off"], group.mode)])}."
  }
}

variable "name" {
  description = "Name of the web ACL, and beginning of the names of all that belongs to it, such as `chatbot-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,46}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 48 lower-case letters, digits or hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "prompt_injection" {
  description = "The rule that looks for known attacks on the model in every value of the JSON body."
  type = object({
    mode     = optional(string, "block") # `count` lets matches through and counts them, to watch new patterns before they block.
    patterns = optional(list(string))    # null = prompt-injection-patterns.txt in this folder. For lower-case text with single spaces.

    # Ways to read a value before the patterns are matched, each on its own: a match after any of them counts.
    chains = optional(map(list(string)), {
      plain   = ["COMPRESS_WHITE_SPACE", "LOWERCASE"]
      decoded = ["URL_DECODE_UNI", "HTML_ENTITY_DECODE", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
      utf8    = ["UTF8_TO_UNICODE", "URL_DECODE_UNI", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
      base64  = ["BASE64_DECODE_EXT", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
    })
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["block", "count"], var.prompt_injection.mode)
    error_message = "prompt_injection.mode must be block or count; it is \"${var.prompt_injection.mode}\"."
  }

  validation {
    condition     = length(var.prompt_injection.chains) >= 2 && alltrue([for chain in values(var.prompt_injection.chains) : length(chain) >= 2 && length(chain) <= 10])
    error_message = "prompt_injection.chains must hold two chains or more (AWS WAF's OR takes no fewer), each of 2 to 10 text transformations."
  }

  validation {
    condition     = alltrue([for chain in values(var.prompt_injection.chains) : slice(chain, max(0, length(chain) - 2), length(chain)) == tolist(["COMPRESS_WHITE_SPACE", "LOWERCASE"])])
    error_message = "Each of prompt_injection.chains must end with COMPRESS_WHITE_SPACE, LOWERCASE: patterns are written for lower-case text with single spaces, and decoding makes new capitals and spaces. Mend ${join(", ", [for name, chain in var.prompt_injection.chains : name if slice(chain, max(0, length(chain) - 2), length(chain)) != tolist(["COMPRESS_WHITE_SPACE", "LOWERCASE"])])}."
  }
}

variable "resource_arn" {
  description = "ARN of the API Gateway stage that the web ACL protects."
  type        = string
  nullable    = false
}

variable "rule_groups" {
  description = "Rule groups of your own, by the name that the rule gets, evaluated after all others in the order of their names: none of them lets pass what ours refuse. Their plain blocks are answered like those of AWS's managed groups."
  type = map(object({
    arn      = string                    # Of an aws_wafv2_rule_group of the scope REGIONAL.
    capacity = number                    # That group's; AWS counts it whatever its rules need.
    mode     = optional(string, "block") # `count` lets through and counts whatever the group matches.
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for group in values(var.rule_groups) : can(regex("^arn:[a-z-]+:wafv2:[a-z0-9-]+:[0-9]{12}:regional/rulegroup/[^/]+/[^/]+$", group.arn))])
    error_message = "Each of rule_groups needs the ARN of a regional rule group: arn:aws:wafv2:<region>:<account>:regional/rulegroup/<name>/<id>. A web ACL of a stage takes no group of CloudFront's."
  }

  validation {
    condition     = alltrue([for name in keys(var.rule_groups) : can(regex("^[a-z][a-z0-9-]{0,62}$", name)) && !contains(local.built_in[*].name, name)])
    error_message = "A name of rule_groups must be lower-case letters, digits or hyphens, begin with a letter, and be none of ours: ${join(", ", local.built_in[*].name)}."
  }

  validation {
    condition     = alltrue([for group in values(var.rule_groups) : group.capacity >= 1 && contains(["block", "count"], group.mode)])
    error_message = "Each of rule_groups needs the capacity of its group (aws_wafv2_rule_group.<name>.capacity), and a mode of block or count."
  }
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
