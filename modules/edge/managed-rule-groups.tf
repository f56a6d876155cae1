locals {
  facts = jsondecode(file("${path.module}/aws-facts.json"))

  aws_rule_groups = {
    ip-reputation    = { priority = 5, name = "AWSManagedRulesAmazonIpReputationList", count_rules = [] }
    known-bad-inputs = { priority = 6, name = "AWSManagedRulesKnownBadInputsRuleSet", count_rules = [] }
    # Cross-site scripting, file inclusion, metadata addresses; no SQL injection, which is the next group's.
    # Its size rule refuses bodies over 8 KB whatever we allow, so body-size speaks alone.
    core-rule-set = { priority = 7, name = "AWSManagedRulesCommonRuleSet", count_rules = ["SizeRestrictions_BODY"] }
    sql-injection = { priority = 8, name = "AWSManagedRulesSQLiRuleSet", count_rules = [] }
  }

  managed_rule_groups = {
    for rule, group in local.aws_rule_groups : rule => merge(group, {
      wcu         = local.facts.managed_rule_groups[group.name]
      count_rules = setunion(group.count_rules, try(var.managed_rule_groups[rule].count_rules, []))
    })
  }
}
