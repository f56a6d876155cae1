output "arn" {
  description = "ARN of the web ACL."
  value       = local.web_acl.arn
}

output "id" {
  description = "Id of the web ACL."
  value       = local.web_acl.id
}

output "log_group_name" {
  description = "Log group of the web ACL."
  value       = aws_cloudwatch_log_group.this.name
}

output "managed_rule_groups" {
  description = "Name of each managed group's rule to its mode: `block`, `count` or `off`."
  value       = { for rule in local.all_rules : rule.name => rule.mode if rule.group != null }
}

output "name" {
  description = "Name of the web ACL."
  value       = local.web_acl.name
}

output "pattern_set_arn" {
  description = "ARN of the prompt-injection pattern set."
  value       = aws_wafv2_regex_pattern_set.prompt_injection.arn
}

output "wcu" {
  description = "Capacity units that the web ACL needs, computed as AWS documents them; 1,500 are included in its price."
  value       = local.wcu_total
}
