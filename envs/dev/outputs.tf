output "alerts_topic_arn" {
  description = "SNS topic of alarms and tamper alerts."
  value       = module.chatbot.alerts_topic_arn
}

output "alias_arn" {
  description = "Lambda alias that answers."
  value       = module.chatbot.alias_arn
}

output "api_id" {
  description = "Id of the REST API."
  value       = module.chatbot.api_id
}

output "api_key_ids" {
  description = "Client name to the id of its API key. The key itself: `aws apigateway get-api-key --include-value --api-key <id>`."
  value       = module.chatbot.api_key_ids
}

output "custom_domain_target" {
  description = "Where a DNS alias of the custom domain must point; null without one."
  value       = module.chatbot.custom_domain_target
}

output "execution_role_arn" {
  description = "Role that the function acts with."
  value       = module.chatbot.execution_role_arn
}

output "function_name" {
  description = "Name of the Lambda function."
  value       = module.chatbot.function_name
}

output "guardrail_id" {
  description = "Id of the Bedrock guardrail."
  value       = module.chatbot.guardrail_id
}

output "guardrail_version" {
  description = "Published version of the guardrail that the function uses."
  value       = module.chatbot.guardrail_version
}

output "limits" {
  description = "How long a message and its answer may be."
  value       = module.chatbot.limits
}

output "log_groups" {
  description = "Log group of each part: `api`, `function`, `waf`, `invocations`, `trail`; null for what another environment manages."
  value       = module.chatbot.log_groups
}

output "region" {
  description = "Region of it all."
  value       = module.chatbot.region
}

output "scp_json" {
  description = "Service control policy that binds everybody but the deploy roles, for the organisation's management account to attach; null without deploy roles."
  value       = module.chatbot.scp_json
}

output "stage_name" {
  description = "Stage of the REST API."
  value       = module.chatbot.stage_name
}

output "url" {
  description = "Where to send POST requests."
  value       = module.chatbot.url
}

output "usage_plan_id" {
  description = "Id of the usage plan that every client is on."
  value       = module.chatbot.usage_plan_id
}

output "web_acl_arn" {
  description = "ARN of the web ACL."
  value       = module.chatbot.web_acl_arn
}

output "web_acl_wcu" {
  description = "Capacity units that the web ACL needs; 1,500 are included in its price."
  value       = module.chatbot.web_acl_wcu
}
