variable "alerts" {
  description = "Who is alerted. Each address must confirm the e-mail that Amazon SNS sends it."
  type = object({
    emails = list(string)
  })
  default  = { emails = [] }
  nullable = false

  validation {
    condition     = alltrue([for email in var.alerts.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "alerts.emails holds e-mail addresses such as oncall@example.com, which ${join(", ", [for email in var.alerts.emails : "\"${email}\"" if !can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])} is not."
  }
}

variable "api_gateway_log_role" {
  description = "The role that API Gateway writes access logs with, one for the account and Region. null: another environment manages it."
  type = object({
    role_name = optional(string) # null = ApiGatewayLoggingRole-<region>
  })
  default = {}
}

variable "bound_role_names" {
  description = "Further roles that the deny policies are attached to, such as those of the people who operate the chatbot. Never the role that deploys."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for role in var.bound_role_names : !anytrue([for arn in var.deploy_role_arns : endswith(arn, "/${role}")])
    ])
    error_message = "A deploy role must not be bound: Terraform could never change the guardrail again. Take ${join(", ", [for role in var.bound_role_names : role if anytrue([for arn in var.deploy_role_arns : endswith(arn, "/${role}")])])} out of bound_role_names."
  }
}

variable "deploy_role_arns" {
  description = "Roles that deploy: the exceptions of the service control policy, and whose changes raise no tamper alert."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.deploy_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "deploy_role_arns holds exact role ARNs such as arn:aws:iam::111122223333:role/deploy. A wildcard would be an exception that an attacker can make a role for, and a session (assumed-role) is no role. Mend ${join(", ", [for arn in var.deploy_role_arns : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])}."
  }
}

variable "former_log_groups" {
  description = "Log groups whose events this key may have encrypted before another environment took them over: they stay readable as long as the key."
  type        = list(string)
  default     = ["/aws/bedrock/model-invocations"]
  nullable    = false

  validation {
    condition     = alltrue([for group in var.former_log_groups : can(regex("^[a-zA-Z0-9_./#-]{1,512}$", group))])
    error_message = "former_log_groups holds names of log groups such as /aws/bedrock/model-invocations, without wildcards: 1 to 512 letters, digits, and . - _ / #."
  }
}

variable "guardrail_arn" {
  description = "ARN of the environment's guardrail, without a version: bound roles call no model without it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+$", var.guardrail_arn))
    error_message = "guardrail_arn is an ARN such as arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12, without a version, which ${var.guardrail_arn} is not."
  }
}

variable "invocation_logging" {
  description = "Bedrock's log of every prompt and answer, one for the account and Region. null: another environment manages it."
  type = object({
    large_data_bucket = optional(string) # existing bucket for bodies over 100 KB, which its policy lets Bedrock write; null = they are not kept
    log_group_name    = optional(string, "/aws/bedrock/model-invocations")
    retention_days    = optional(number) # null = log_retention_days
    role_name         = optional(string) # null = BedrockLoggingRole-<region>
  })
  default = {}

  validation {
    condition     = var.invocation_logging == null || local.partition != "aws-cn"
    error_message = "invocation_logging must be null in ${local.region}: Amazon Bedrock has no models in AWS's China Regions, and nothing to log."
  }

  validation {
    condition     = try(var.invocation_logging.retention_days, null) != 0
    error_message = "invocation_logging.retention_days is a number of days that CloudWatch Logs knows, such as 90. Keeping prompts for ever (0) is refused."
  }
}

variable "kms_key" {
  description = "A key of your own, in this account and Region, with the policy of the output kms_key_policy. null: one is made."
  type = object({
    arn = string # of the key: an alias may point at another one tomorrow
  })
  default = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^arn:${local.partition}:kms:${local.region}:${local.account}:key/[a-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn is the ARN of a key of this account and Region, arn:${local.partition}:kms:${local.region}:${local.account}:key/<id>, and no alias: the deny policies protect the key by an alias, which AWS has only beside it. It is ${var.kms_key == null ? "" : var.kms_key.arn}."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days, unless trail or invocation_logging says otherwise."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_days != 0
    error_message = "log_retention_days is a number of days that CloudWatch Logs knows, such as 365. Keeping logs for ever (0) is refused."
  }
}

variable "memory_table_name" {
  description = "Name of the table of budgets and conversations, which this key encrypts. null: there is none."
  type        = string
  default     = null
}

variable "monitoring" {
  description = "What watches the environment; each is null where something else does. All three are named, so that none is given up by a slip."
  type = object({
    alarms = object({
      thresholds = optional(map(number), {}) # alarm name, without the environment's -> threshold
    })
    budget = object({
      monthly_usd = optional(number, 100) # of the whole account; alerts at 50, 80 and 100 per cent
    })
    dashboard = object({})
  })
  default = {
    alarms    = {}
    budget    = {}
    dashboard = {}
  }
  nullable = false

  validation {
    condition     = try(var.monitoring.budget.monthly_usd, 1) > 0
    error_message = "monitoring.budget.monthly_usd is a number of US dollars above 0; no budget at all is monitoring.budget = null."
  }

  validation {
    condition     = length(setsubtract(keys(try(var.monitoring.alarms.thresholds, {})), keys(local.every_alarm))) == 0
    error_message = "monitoring.alarms.thresholds names an alarm that is not there: ${join(", ", setsubtract(keys(try(var.monitoring.alarms.thresholds, {})), keys(local.every_alarm)))}. The alarms are: ${join(", ", keys(local.every_alarm))}."
  }
}

variable "name" {
  description = "Name of the environment's chatbot; everything here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}$", var.name))
    error_message = "name is 2 to 29 lower-case letters, digits and hyphens, and starts with a letter: the trail's bucket is named after it, region and account."
  }
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "trail" {
  description = "The audit trail of the account, in all Regions. null: another environment, or the organisation, has one."
  type = object({
    force_destroy      = optional(bool, false) # true lets terraform destroy delete the records; GOVERNANCE only
    log_retention_days = optional(number)      # of the copy in CloudWatch Logs; null = log_retention_days
    object_lock_days   = number                # how long a record is kept, and cannot be deleted
    object_lock_mode   = string                # GOVERNANCE; or COMPLIANCE: nobody can delete, the root user included
  })
  default = {
    object_lock_days = 365
    object_lock_mode = "GOVERNANCE"
  }

  validation {
    condition     = var.trail == null ? true : contains(["COMPLIANCE", "GOVERNANCE"], var.trail.object_lock_mode)
    error_message = "trail.object_lock_mode is COMPLIANCE (nobody can delete a record before its time) or GOVERNANCE (who may bypass governance can)."
  }

  validation {
    condition     = var.trail == null ? true : var.trail.object_lock_days >= 1 && var.trail.object_lock_days <= 36500 && floor(var.trail.object_lock_days) == var.trail.object_lock_days
    error_message = "trail.object_lock_days is a whole number from 1 to 36,500."
  }

  validation {
    condition     = var.trail == null ? true : !(var.trail.force_destroy && var.trail.object_lock_mode == "COMPLIANCE")
    error_message = "trail.force_destroy needs GOVERNANCE: nothing deletes a record under COMPLIANCE."
  }

  validation {
    condition     = try(var.trail.log_retention_days, null) != 0
    error_message = "trail.log_retention_days is a number of days that CloudWatch Logs knows, such as 365. Keeping logs for ever (0) is refused."
  }
}

variable "watched" {
  description = "What alarms and dashboard look at, by name."
  type = object({
    api_name                 = string
    api_stage                = string
    function_alias           = optional(string, "live") # which the API calls
    function_concurrency     = number                   # reserved for the function
    function_name            = string
    function_timeout_seconds = number
    metrics_namespace        = string # of the function's own metrics, whose dimension service is name
    quota = object({
      period   = string # DAY, WEEK or MONTH
      requests = number # in a period, by all clients together
    })
    trail_log_group_name = optional(string) # of a multi-Region trail that is there already, when trail is null; null = the one of trail
    web_acl_name         = string           # the metric name in the web ACL's visibility_config
  })
  nullable = false

  validation {
    condition     = var.watched.trail_log_group_name == null || var.trail == null
    error_message = "watched.trail_log_group_name is the log group of a trail that is there already, and this module makes one of its own: set trail = null, or leave the log group out."
  }

  validation {
    condition     = var.watched.trail_log_group_name == null ? true : can(regex("^[a-zA-Z0-9_./#-]{1,512}$", var.watched.trail_log_group_name))
    error_message = "watched.trail_log_group_name is the name of a log group such as /aws/cloudtrail/organization, and no ARN: 1 to 512 letters, digits, and . - _ / #. The group is in this account and Region."
  }

  validation {
    condition     = contains(["DAY", "WEEK", "MONTH"], var.watched.quota.period)
    error_message = "watched.quota.period is a usage plan's: DAY, WEEK or MONTH."
  }
}
