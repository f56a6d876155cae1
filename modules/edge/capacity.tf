locals {
  # Base cost of a statement, times two for a JSON body, and 10 for each text transformation, NONE being none; what AND, OR
  # and NOT hold is added up (AWS WAF Developer Guide, "WCUs" on the page of each statement). AWS may charge less, since it
  # counts a transformation that rules share once.
  wcu = merge(
    {
      body-size        = 1
      content-type     = 1 + 3 + 10
      content-encoding = 1
      json             = 1 + 1 * 2
      rate-per-ip      = 2
      prompt-injection = sum([for chain in values(var.prompt_injection.chains) : 25 * 2 + 10 * length(chain)])
    },
    { for rule, group in local.managed_rule_groups : rule => group.wcu },
  )
  wcu_total = sum(values(local.wcu))
}
