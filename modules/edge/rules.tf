# Every rule of the web ACL, in order, cheapest first: its place here is its priority. main.tf turns this list into blocks.
#
# `wcu` is the cost of a statement, times two for a JSON body, and 10 for each text transformation, NONE being none; what AND,
# OR and NOT hold is added up (AWS WAF Developer Guide, "WCUs" on the page of each statement). AWS may charge less, since it
# counts a transformation that rules share once.

locals {
  facts = jsondecode(file("${path.module}/aws-facts.json"))

  # AWS WAF does not document whether an empty body parses, and a CORS preflight, which has none, must pass. Not "a POST": API
  # Gateway takes the method from X-HTTP-Method-Override.
  has_body = { field = "body", above = 0 }

  built_in = [
    {
      # First, so that no later rule meets a body that AWS WAF cannot see to its end.
      name     = "body-size"
      response = "request_too_large"
      match    = [{ field = "body", above = var.limits.body_bytes }]
      wcu      = 1
    },
    {
      # JSON in UTF-8 is the only thing that the rules below can read. A missing header does not match, so NOT refuses it too.
      name     = "content-type"
      response = "unsupported_media_type"
      match    = [local.has_body, { header = "content-type", is_not = "^application/json *(?:; *charset=\"?utf-8\"? *)?$" }]
      wcu      = 1 + 3 + 10
    },
    {
      # API Gateway unpacks a gzip or deflate body after AWS WAF has looked at the packed one.
      name     = "content-encoding"
      response = "unsupported_media_type"
      match    = [{ field = "content-encoding", above = 0 }]
      wcu      = 1
    },
    {
      # A body that AWS WAF's parser cannot read to its end, a key named twice included, shows the rules below less than it
      # shows the function. No value is as long as a body may be, so only a parsing error matches.
      name     = "json"
      response = "invalid_request"
      match    = [local.has_body, { field = "json", above = var.limits.body_bytes }]
      wcu      = 1 + 1 * 2
    },
    {
      # After the four above: what cannot be read to its end is refused to everybody.
      name      = "allowed-addresses"
      mode      = length(var.addresses.allowed) > 0 ? "allow" : "off"
      addresses = "allowed"
      wcu       = 2
    },
    {
      # By address, not by API key: AWS WAF acts before keys are checked, so a caller could invent a key for every request.
      name      = "rate-per-ip"
      response  = "rate_limited"
      rate      = true
      addresses = length(var.addresses.rate_exempt) > 0 ? "rate-exempt" : null
      wcu       = 2 + (length(var.addresses.rate_exempt) > 0 ? 2 : 0)
    },
    { name = "ip-reputation", group = "AWSManagedRulesAmazonIpReputationList" },
    { name = "known-bad-inputs", group = "AWSManagedRulesKnownBadInputsRuleSet" },
    {
      # Cross-site scripting, file inclusion, metadata addresses; no SQL injection, which is the next group's.
      # Its size rule refuses bodies over 8 KB whatever we allow, so body-size speaks alone.
      name        = "core-rule-set"
      group       = "AWSManagedRulesCommonRuleSet"
      count_rules = ["SizeRestrictions_BODY"]
    },
    { name = "sql-injection", group = "AWSManagedRulesSQLiRuleSet" },
    {
      name     = "prompt-injection"
      response = "prompt_injection"
      mode     = var.prompt_injection.mode
      chains   = var.prompt_injection.chains
      wcu      = sum([for chain in values(var.prompt_injection.chains) : 25 * 2 + 10 * length(chain)])
    },
  ]
  managed_groups = [for rule in local.built_in : rule.name if can(rule.group)]

  # The caller's groups last, so that none of them lets pass what ours refuse.
  all_rules = [
    for rule in concat(local.built_in, [
      for name, group in var.rule_groups : { name = name, rule_group = name, mode = group.mode, wcu = group.capacity }
    ]) :
    merge(
      { response = null, mode = "block", match = [], rate = false, addresses = null, group = null, rule_group = null, count_rules = [], chains = {} },
      can(rule.group) ? {
        wcu  = local.facts.managed_rule_groups[rule.group]
        mode = try(var.managed_rule_groups[rule.name].mode, "block")
      } : {},
      rule,
    )
  ]

  rules = [for rule in local.all_rules : rule if rule.mode != "off"]

  wcu_total = sum(local.rules[*].wcu)
}
