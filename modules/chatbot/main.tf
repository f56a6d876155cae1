# The only place where the layers meet:
#
#   governance ──key, deny policy──▶ compute ◀──guardrail, version── guardrail
#                                compute ◀──table── memory
#   compute ──alias──▶ api ──stage──▶ edge

module "governance" {
  source = "../governance"

  name                 = local.name
  tags                 = var.tags
  api_gateway_log_role = var.account.api_gateway_log_role
  bound_role_names     = var.bound_role_names
  deploy_role_arns     = var.deploy_role_arns
  former_log_groups    = var.account.former_log_groups
  guardrail_arn        = local.guardrail.arn
  invocation_logging   = var.account.invocation_logging
  kms_key              = var.kms_key
  log_retention_days   = var.operations.log_retention_days
  memory_table_name    = local.table_name
  monitoring           = var.monitoring
  trail                = var.account.trail

  alerts = { emails = var.operations.alert_emails }

  watched = {
    api_name                 = local.name
    api_stage                = local.stage_name
    function_concurrency     = var.reserved_concurrency
    function_name            = local.name
    function_timeout_seconds = var.function.timeout_seconds
    metrics_namespace        = local.metrics_namespace
    trail_log_group_name     = var.account.trail_log_group_name
    web_acl_name             = local.name

    quota = {
      period = var.api.plan.quota_period
      requests = sum(concat([0], [
        for client, one in var.clients : length(one.keys) * coalesce(try(one.plan.quota_limit, null), var.api.plan.quota_limit)
        if !contains(var.disabled_clients, client)
      ]))
    }
  }
}

moved {
  from = module.guardrail
  to   = module.guardrail[0]
}

module "guardrail" {
  source = "../guardrail"
  count  = var.guardrail.existing == null ? 1 : 0

  name                = local.name
  tags                = var.tags
  blocked_words       = var.guardrail.blocked_words
  content_filters     = var.guardrail.content_filters
  denied_topics       = var.guardrail.denied_topics
  extra_blocked_words = var.guardrail.extra_blocked_words
  pii                 = var.guardrail.pii
  safety_message      = var.guardrail.safety_message
}

module "compute" {
  source = "../compute"

  name                 = local.name
  tags                 = var.tags
  allowed_origin       = var.allowed_origin
  deny_policy_arn      = module.governance.deny_policy_arn
  kms_key_arn          = module.governance.kms_key_arn
  log_retention_days   = var.operations.log_retention_days
  model                = merge(var.model, { destination_regions = local.destination_regions })
  package              = var.package
  policies             = var.function.policies
  reserved_concurrency = var.reserved_concurrency
  timeout_seconds      = var.function.timeout_seconds

  chat = {
    further_origins   = var.api.further_origins
    leak_mode         = var.function.leak_mode
    log_level         = var.function.log_level
    max_message_chars = var.function.max_message_chars
    memory = one([for table in module.memory : {
      table_name   = table.table_name
      budget       = var.budget == null ? null : jsonencode(var.budget)
      conversation = var.conversation == null ? null : jsonencode(var.conversation)
    }])
    max_output_tokens = var.function.max_output_tokens
    patterns          = var.edge.prompt_injection.patterns
    screening_mode    = var.function.screening_mode
    sign_in           = var.identity != null
    system_prompt     = var.function.system_prompt
  }

  guardrail = merge(local.guardrail, { enforced_arns = var.enforced_guardrail_arns })

  runtime = {
    architecture = var.function.architecture
    memory_mb    = var.function.memory_mb
    snap_start   = var.function.snap_start
    vpc          = var.function.vpc
  }
}

module "api" {
  source = "../api"

  name               = local.name
  tags               = var.tags
  allowed_origin     = var.allowed_origin
  clients            = var.clients
  custom_domain      = var.api.custom_domain
  disabled_clients   = var.disabled_clients
  further_origins    = var.api.further_origins
  identity           = var.identity
  kms_key_arn        = module.governance.kms_key_arn
  log_retention_days = var.operations.log_retention_days
  log_role_arn       = module.governance.api_gateway_log_role_arn
  max_message_chars  = var.function.max_message_chars
  plan               = var.api.plan
  stage_name         = local.stage_name

  function = {
    alias_invoke_arn = module.compute.alias_invoke_arn
    alias_name       = module.compute.alias_name
    client_names     = local.remembers
    conversations    = var.conversation != null
    function_name    = module.compute.function_name
  }
}

module "edge" {
  source = "../edge"

  name                = local.name
  addresses           = var.edge.addresses
  tags                = var.tags
  allowed_origin      = var.allowed_origin
  kms_key_arn         = module.governance.kms_key_arn
  limits              = var.edge.limits
  log_retention_days  = var.operations.log_retention_days
  managed_rule_groups = var.edge.managed_rule_groups
  prompt_injection    = var.edge.prompt_injection
  resource_arn        = module.api.stage_arn
  rule_groups         = var.edge.rule_groups
}
