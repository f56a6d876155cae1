output "api_key_ids" {
  description = "Client name to the id of its newest API key. The key itself: `aws apigateway get-api-key --include-value --api-key <id>`."
  value       = { for client, ids in local.key_ids : client => reverse(ids)[0] }
}

output "clients" {
  description = "Client name to the ids of its live keys, the newest last, and of its usage plan."
  value       = { for client, ids in local.key_ids : client => { api_key_ids = ids, usage_plan_id = local.plan_ids[client] } }
}

output "custom_domain_target" {
  description = "Where a DNS alias of the custom domain must point: `domain_name` and `zone_id`; null without one."
  value = one([for domain in aws_api_gateway_domain_name.this : {
    domain_name = domain.regional_domain_name
    zone_id     = domain.regional_zone_id
  }])
}

output "definition_hash" {
  description = "SHA-256 of what the stage serves; a new deployment is made when it changes."
  value       = aws_api_gateway_deployment.this.triggers.definition
}

output "execution_arn" {
  description = "Beginning of the ARNs of the API's methods."
  value       = aws_api_gateway_rest_api.this.execution_arn
}

output "id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "log_group_name" {
  description = "Log group of the access log."
  value       = aws_cloudwatch_log_group.access.name
}

output "name" {
  description = "Name of the REST API."
  value       = aws_api_gateway_rest_api.this.name
}

output "stage_arn" {
  description = "ARN of the stage, as a web ACL is associated with it."
  value       = aws_api_gateway_stage.this.arn
}

output "stage_name" {
  description = "Name of the stage."
  value       = aws_api_gateway_stage.this.stage_name
}

output "url" {
  description = "Where to send POST requests: the custom domain once the default endpoint is closed."
  value = (
    try(var.custom_domain.close_default_endpoint, false)
    ? "https://${var.custom_domain.domain_name}${aws_api_gateway_resource.chat.path}"
    : "${aws_api_gateway_stage.this.invoke_url}${aws_api_gateway_resource.chat.path}"
  )
}

output "usage_plan_id" {
  description = "Id of the usage plan."
  value       = aws_api_gateway_usage_plan.this.id
}
