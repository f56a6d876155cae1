# One object, so that an environment hands on all of it in one line.
output "deployment" {
  description = "What was made, and what people, programs and other modules need to know of it; outputs.tf lists its attributes."

  value = {
    alarm_name_prefix            = module.governance.alarm_name_prefix                 # Beginning of the alarms' names; null without alarms.
    alerts_topic_arn             = module.governance.alerts_topic_arn                  # SNS topic of alarms and tamper alerts.
    alias_arn                    = module.compute.alias_arn                            # Lambda alias that answers.
    api_id                       = module.api.id                                       # Of the REST API.
    api_key_ids                  = module.api.api_key_ids                              # Client to the id of its newest API key: aws apigateway get-api-key --include-value --api-key <id>
    budget                       = var.budget                                          # Limits of each client and person; null without.
    clients                      = module.api.clients                                  # Client to the ids of its live keys, the newest last, and of its usage plan.
    conversation                 = var.conversation                                    # How much of a conversation is kept; null without.
    custom_domain_target         = module.api.custom_domain_target                     # Where a DNS alias of the custom domain must point; null without one.
    dashboard_name               = module.governance.dashboard_name                    # Of the CloudWatch dashboard, which is one in the account for all regions; null without one.
    deny_policy_arn              = module.governance.deny_policy_arn                   # Policy that denies tampering with the controls, for further roles.
    execution_role_arn           = module.compute.role_arn                             # Role that the function acts with.
    function_name                = module.compute.function_name                        # Of the Lambda function.
    guardrail_id                 = local.guardrail.id                                  # Of the Bedrock guardrail.
    guardrail_version            = local.guardrail.version                             # The published version that the function uses.
    guardrail_version_arn        = "${local.guardrail.arn}:${local.guardrail.version}" # The same as an ARN, as policies compare it with bedrock:GuardrailIdentifier.
    identity                     = var.identity                                        # User pools whose users may ask, and the scopes of their tokens; null without sign-in.
    kms_key_arn                  = module.governance.kms_key_arn                       # Key that encrypts logs, trail and alerts.
    kms_key_id                   = module.governance.kms_key_id                        # Id of that key.
    managed_rule_groups          = module.edge.managed_rule_groups                     # Managed group of the web ACL to its mode: block, count or off.
    name                         = local.name                                          # Beginning of the names of all that belongs to the chatbot.
    region                       = local.region                                        # Of all of it.
    scp_json                     = module.governance.scp_json                          # Service control policy that binds everybody but the deploy roles, for the organization's management account to attach; null without deploy roles.
    stage_name                   = module.api.stage_name                               # Of the REST API.
    table_name                   = local.table_name                                    # DynamoDB table of budgets and conversations; null without both.
    trail_arn                    = module.governance.trail_arn                         # CloudTrail trail; null for one that is managed elsewhere.
    trail_bucket                 = module.governance.trail_bucket                      # Bucket of its records; null likewise.
    url                          = module.api.url                                      # Where to send POST requests.
    usage_plan_id                = module.api.usage_plan_id                            # The usage plan of every client that has none of its own.
    watched_trail_log_group_name = module.governance.watched_trail_log_group_name      # Log group of a trail, ours or not, that alarms read; null when there is none.
    web_acl_arn                  = module.edge.arn
    web_acl_id                   = module.edge.id  # Id of the web ACL.
    web_acl_wcu                  = module.edge.wcu # Capacity units that the web ACL needs.

    # How long a message and its answer may be, and the system prompt that goes with each.
    limits = {
      message_chars       = var.function.max_message_chars
      output_tokens       = var.function.max_output_tokens
      system_prompt_chars = length(var.function.system_prompt)
    }

    # Log group of each layer; null for what another environment manages.
    log_groups = {
      api         = module.api.log_group_name
      function    = module.compute.log_group_name
      invocations = module.governance.invocation_log_group_name
      trail       = module.governance.trail_log_group_name
      waf         = module.edge.log_group_name
    }

    # The model as the function may use it, and the regions in which it may be called.
    model = {
      inference_profile_id = var.model.inference_profile_id
      regions              = local.destination_regions
    }
  }

  precondition {
    condition     = terraform_data.name.output == local.name
    error_message = "name and environment cannot change from ${terraform_data.name.output} to ${local.name}: AWS renames no web ACL, function or log group, so Terraform would replace them, with a live API open and its logs deleted. Apply ${local.name} beside ${terraform_data.name.output}, and move to it: docs/operations.md, \"Renaming an environment\"."
  }

  # What an application inference profile copies is not in its ARN: any geography may fit.
  precondition {
    condition     = var.model.foundation_model_id != null || local.fits_region
    error_message = "model.inference_profile_id ${var.model.inference_profile_id} cannot be called from ${local.region}: its geography is another, and Bedrock would answer every request with \"The provided model identifier is invalid\". ${local.offer}"
  }

  precondition {
    condition     = var.model.destination_regions != null || local.documented_regions != null || !local.fits_region
    error_message = "Where ${var.model.inference_profile_id} routes to from ${local.region} is not known here (aws-facts.json of ${local.facts.as_of}). ${local.offer} If this profile is right, name the regions in model.destination_regions: `aws bedrock get-inference-profile --region ${local.region} --inference-profile-identifier ${var.model.inference_profile_id}` lists them."
  }
}

# Not in the object above: a key that takes its policy from here must not wait for all of it.
output "kms_key_policy" {
  description = "The policy that `kms_key` must have."
  value       = module.governance.kms_key_policy
}
