output "alerts_topic_arn" {
  description = "SNS topic of alarms and tamper alerts."
  value       = module.governance.alerts_topic_arn
}

output "alias_arn" {
  description = "Lambda alias that answers."
  value       = module.compute.alias_arn
}

output "api_id" {
  description = "Id of the REST API."
  value       = module.api.id
}

output "api_key_ids" {
  description = "Client name to the id of its API key. The key itself: `aws apigateway get-api-key --include-value --api-key <id>`."
  value       = module.api.api_key_ids
}

output "custom_domain_target" {
  description = "Where a DNS alias of the custom domain must point; null without one."
  value       = module.api.custom_domain_target
}

output "execution_role_arn" {
  description = "Role that the function acts with."
  value       = module.compute.role_arn
}

output "function_name" {
  description = "Name of the Lambda function."
  value       = module.compute.function_name
}

output "guardrail_id" {
  description = "Id of the Bedrock guardrail."
  value       = local.guardrail.id
}

output "guardrail_version" {
  description = "Published version of the guardrail that the function uses."
  value       = local.guardrail.version
}

output "limits" {
  description = "How long a message and its answer may be: `message_chars`, `output_tokens`, and the `system_prompt_chars` that go with each."
  value = {
    message_chars       = var.function.max_message_chars
    output_tokens       = var.function.max_output_tokens
    system_prompt_chars = length(var.function.system_prompt)
  }
}

output "log_groups" {
  description = "Log group of each part: `api`, `function`, `waf`, `invocations`, `trail`; null for what another environment manages."
  value = {
    api         = module.api.log_group_name
    function    = module.compute.log_group_name
    invocations = module.governance.invocation_log_group_name
    trail       = module.governance.trail_log_group_name
    waf         = module.edge.log_group_name
  }
}

output "model" {
  description = "The model as the function may use it: `inference_profile_id`, and the `regions` in which it may be called."
  value = {
    inference_profile_id = var.model.inference_profile_id
    regions              = local.destination_regions
  }

  # What an application inference profile copies is not in its ARN: any geography may fit.
  precondition {
    condition     = var.model.foundation_model_id != null || local.fits_region
    error_message = "model.inference_profile_id ${var.model.inference_profile_id} cannot be called from ${local.region}: its geography is another, and Bedrock would answer every request with \"The provided model identifier is invalid\". ${local.offer}"
  }

  precondition {
    condition     = var.model.destination_regions != null || local.documented_regions != null || !local.fits_region
    error_message = "Where ${var.model.inference_profile_id} routes to from ${local.region} is not known here (aws-facts.json of ${local.facts.as_of}). ${local.offer} If this profile is right, name the regions in model.destination_regions: `aws bedrock get-inference-profile --region ${local.region} --inference-profile-identifier ${var.model.inference_profile_id}` tells them."
  }
}

output "name" {
  description = "Name of the chatbot, and beginning of the names of all that belongs to it."
  value       = local.name

  precondition {
    condition     = terraform_data.environment.output == var.environment
    error_message = "environment cannot change from ${terraform_data.environment.output} to ${var.environment}: AWS renames no web ACL, function or log group, so Terraform would replace them, with a live API open and its logs deleted. Apply ${var.environment} beside ${terraform_data.environment.output}, and move to it: docs/operations.md, \"Renaming an environment\"."
  }
}

output "region" {
  description = "Region of it all."
  value       = local.region
}

output "scp_json" {
  description = "Service control policy that binds everybody but the deploy roles, for the organisation's management account to attach; null without deploy roles."
  value       = module.governance.scp_json
}

output "stage_name" {
  description = "Stage of the REST API."
  value       = module.api.stage_name
}

output "url" {
  description = "Where to send POST requests."
  value       = module.api.url
}

output "usage_plan_id" {
  description = "Id of the usage plan that every client is on."
  value       = module.api.usage_plan_id
}

output "web_acl_arn" {
  description = "ARN of the web ACL."
  value       = module.edge.arn
}

output "web_acl_wcu" {
  description = "Capacity units that the web ACL needs; 1,500 are included in its price."
  value       = module.edge.wcu
}
