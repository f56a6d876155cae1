variable "account" {
  description = "What an account has once in a region. The first environment manages it; in a second one of the same account each is null. All three are named, so that none is given up by a slip."
  type = object({
    api_gateway_log_role = object({
      role_name = optional(string) # null = ApiGatewayLoggingRole-<region>
    })
    former_log_groups = optional(list(string)) # That this key encrypted before a hand-over.
    invocation_logging = object({
      large_data_bucket = optional(string) # existing bucket for bodies over 100 KB; null = they are not kept
      log_group_name    = optional(string)
      role_name         = optional(string) # null = BedrockLoggingRole-<region>
      retention_days    = optional(number) # null = operations.log_retention_days
    })
    trail = object({
      force_destroy      = optional(bool, false) # true lets terraform destroy delete the records; GOVERNANCE only.
      log_retention_days = optional(number)      # null = operations.log_retention_days
      object_lock_days   = number                # How long nobody can delete a record.
      object_lock_mode   = string                # GOVERNANCE; or COMPLIANCE, which binds the root user as well.
    })
    trail_log_group_name = optional(string) # Of a multi-Region trail that is there already, when trail is null: its alarms read it.
  })
  default = {
    api_gateway_log_role = {}
    invocation_logging   = {}
    trail                = { object_lock_days = 365, object_lock_mode = "GOVERNANCE" }
  }
  nullable = false
}

variable "allowed_origin" {
  description = "The web origin whose pages may use the chatbot: `https://host` or `https://host:port`. More of them: `api.further_origins`."
  type        = string
  nullable    = false
}

variable "api" {
  description = "Tuning of the API: the plan that every client is on, a host name of your own, further origins; see modules/api. What is left out keeps that module's default."
  type = object({
    custom_domain = optional(object({ # null = the default endpoint alone, which accepts TLS 1.0 and later.
      certificate_arn        = string
      close_default_endpoint = bool # false until DNS points at the new name and the callers use it, then true.
      domain_name            = string
    }))
    further_origins = optional(list(string), []) # Whose pages may use the chatbot too; refusals before the function name allowed_origin alone.
    plan = optional(object({
      name         = optional(string)
      rate_limit   = optional(number) # Requests a second.
      burst_limit  = optional(number)
      quota_limit  = optional(number, 500)
      quota_period = optional(string, "MONTH")
    }), {})
  })
  default  = {}
  nullable = false
}

variable "bound_role_names" {
  description = "Further roles that must not touch the controls, such as those of the people who operate the chatbot. Never the role that deploys."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "budget" {
  description = "How many of the model's tokens each client, and each person, may use: reserved before the model is asked, at its worst, and settled afterwards. null = no limit but the plan's, and no table."
  type = object({
    client_tokens_per_day   = optional(number) # null = no limit; days and months are UTC's
    client_tokens_per_month = optional(number)
    clients = optional(map(object({ # client name to its own limits, in place of the two above
      tokens_per_day   = optional(number)
      tokens_per_month = optional(number)
    })), {})
    on_store_failure      = optional(string, "refuse") # when the table cannot be asked; or answer, without a limit
    user_tokens_per_day   = optional(number)           # of each person who signed in
    user_tokens_per_month = optional(number)
  })
  default = null

  validation {
    condition     = var.budget == null ? true : contains(["answer", "refuse"], var.budget.on_store_failure)
    error_message = "budget.on_store_failure is refuse, which answers 503 while the table cannot be asked, or answer, which spends without a limit until it can."
  }

  validation {
    condition = var.budget == null ? true : try(min([
      for limit in concat(
        [for name, limit in var.budget : limit if endswith(name, "_day") || endswith(name, "_month")],
        flatten([for client in values(var.budget.clients) : values(client)]),
      ) : floor(limit) == limit ? limit : 0 if limit != null
    ]...) >= local.longest_request_tokens, false)
    error_message = "budget needs a limit, and each is a whole number of at least ${local.longest_request_tokens} tokens, what the longest request may take: a longer one could never be answered. See docs/decisions/0015-budgets-are-reserved-at-their-worst.md."
  }

  validation {
    condition     = var.identity != null || try(coalesce(var.budget.user_tokens_per_day, var.budget.user_tokens_per_month), null) == null
    error_message = "budget.user_tokens_per_day and user_tokens_per_month are for people who sign in: set identity, or leave them out."
  }

  validation {
    condition     = var.budget == null ? true : length(setsubtract(keys(var.budget.clients), keys(var.clients))) == 0
    error_message = "budget.clients names clients, and would limit nobody as ${try(join(", ", setsubtract(keys(var.budget.clients), keys(var.clients))), "")}. The clients are: ${join(", ", keys(var.clients))}."
  }
}

variable "clients" {
  description = "Who may call: client name to its settings. Each gets an API key of its own."
  type = map(object({
    description = optional(string)              # Who or what the client is; null = the name says it.
    keys        = optional(list(string), ["1"]) # Its live keys, by names of yours, the newest last: two while it moves from one to the other.
    plan = optional(object({                    # Limits of its own; null, and each that is null = those of every client.
      burst_limit = optional(number)
      quota_limit = optional(number)
      rate_limit  = optional(number)
    }))
  }))
  nullable = false
}

variable "conversation" {
  description = "How much of a conversation the model is given with the next message. null = every message stands alone, nothing is kept, and there is no table."
  type = object({
    max_chars = optional(number, 8000) # of all that is given to the model, the new message included
    max_turns = optional(number, 10)   # questions with their answers
    ttl_hours = optional(number, 24)   # after the last answer, a conversation is gone
  })
  default = null

  validation {
    condition = var.conversation == null ? true : alltrue([
      for value in values(var.conversation) : floor(value) == value && value >= 1
      ]) && var.conversation.max_turns <= 100 && var.conversation.ttl_hours <= 8760 && (
      var.conversation.max_chars >= var.function.max_message_chars && var.conversation.max_chars <= 50000
    )
    error_message = "conversation has whole numbers: max_turns from 1 to 100, ttl_hours from 1 to 8,760, and max_chars from function.max_message_chars to 50,000, which is what an item of DynamoDB can hold."
  }
}

variable "deploy_role_arns" {
  description = "Roles that deploy: the only exceptions of the service control policy, and whose changes raise no alert."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "disabled_clients" {
  description = "Clients that are stopped: each is refused at once, and keeps its key."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "edge" {
  description = "Tuning of the web ACL; see modules/edge. What is left out keeps that module's default."
  type = object({
    addresses = optional(object({
      allowed     = optional(list(string), [])
      rate_exempt = optional(list(string), [])
    }), {})
    limits = optional(object({
      body_bytes          = optional(number, 8192)
      rate_requests       = optional(number)
      rate_window_seconds = optional(number)
    }), {})
    managed_rule_groups = optional(map(object({
      count_rules = optional(list(string), [])
      mode        = optional(string) # block, count or off
    })), {})
    prompt_injection = optional(object({
      mode     = optional(string)
      patterns = optional(list(string)) # For the web ACL and the function; null = modules/edge/prompt-injection-patterns.txt.
      chains   = optional(map(list(string)))
    }), {})
    rule_groups = optional(map(object({ # Rule groups of your own, after all others.
      arn      = string
      capacity = number
      mode     = optional(string) # block or count
    })), {})
  })
  default  = {}
  nullable = false

  # The longest message that the API takes, in characters that need four bytes each in UTF-8, must not be stopped by its size.
  validation {
    condition     = var.edge.limits.body_bytes >= 4 * var.function.max_message_chars + local.envelope_bytes
    error_message = "edge.limits.body_bytes (${var.edge.limits.body_bytes}) is too small for function.max_message_chars (${var.function.max_message_chars}): a message of that length may need ${4 * var.function.max_message_chars + local.envelope_bytes} bytes. Raise the one or lower the other."
  }
}

variable "enforced_guardrail_arns" {
  description = "Guardrails that the account or organization enforces on every call of a model, and the guardrail profiles of a cross-Region guardrail: the function must be allowed to apply each, or no call gets through. `make preflight` lists those of the account."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "environment" {
  description = "Name of the environment, such as `dev`; everything is called `<name>-<environment>`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.environment))
    error_message = "environment must be 2 to 16 lower-case letters, digits or hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "function" {
  description = "Tuning of the function, and how it talks to the model; see modules/compute. What is left out keeps that module's default."
  type = object({
    architecture      = optional(string)
    leak_mode         = optional(string) # block or count
    log_level         = optional(string)
    max_message_chars = optional(number, 2000)
    max_output_tokens = optional(number, 512)
    memory_mb         = optional(number)
    policies          = optional(map(string), {}) # Further policies of its role, as JSON; see modules/compute.
    screening_mode    = optional(string)          # block or count
    snap_start        = optional(bool)
    system_prompt     = optional(string, "You are a helpful customer support assistant.")
    timeout_seconds   = optional(number, 28)
    vpc = optional(object({ # null = in no VPC of yours
      security_group_ids = list(string)
      subnet_ids         = list(string)
    }))
  })
  default  = {}
  nullable = false

  # The upper limit is edge.limits.body_bytes: see there.
  validation {
    condition     = var.function.max_message_chars >= 1 && floor(var.function.max_message_chars) == var.function.max_message_chars
    error_message = "function.max_message_chars must be a whole number above 0, and is ${var.function.max_message_chars}."
  }
}

variable "guardrail" {
  description = "Tuning of the guardrail; see modules/guardrail. What is left out keeps that module's default."
  type = object({
    blocked_words = optional(list(string))
    content_filters = optional(object({
      hate          = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
      insults       = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
      misconduct    = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
      prompt_attack = optional(object({ input = optional(string, "HIGH"), output = optional(string, "NONE") }), {})
      sexual        = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
      violence      = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
    }))
    denied_topics = optional(map(object({
      definition = string
      examples   = optional(list(string), [])
    })))
    existing = optional(object({ # A guardrail made elsewhere, such as one of the STANDARD tier; nothing else here may be set then.
      arn              = string  # Without a version.
      id               = string
      previous_version = optional(string) # That is in use when version changes; null = the number before version.
      safety_message   = string           # The guardrail's own, which the function answers with.
      version          = string           # A published number.
    }))
    extra_blocked_words = optional(list(string))
    pii = optional(object({
      block     = optional(list(string))
      anonymize = optional(list(string))
    }))
    safety_message = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.guardrail.existing == null || alltrue([for name, value in var.guardrail : name == "existing" || value == null])
    error_message = "guardrail.existing is a guardrail made elsewhere, whose policy cannot be set here. Leave out: ${join(", ", [for name, value in var.guardrail : name if name != "existing" && value != null])}."
  }
}

variable "identity" {
  description = "Sign-in: whose users may ask, by a token in the header `authorization`. null = an API key is enough, and nobody knows who the person is."
  type = object({
    user_pool_arns = list(string)          # Cognito user pools, into which OIDC and SAML providers federate. Any app client of theirs will do.
    scopes         = optional(set(string)) # Access tokens with one of these; null = identity tokens.
  })
  default = null
}

variable "kms_key" {
  description = "A key of your own for logs, trail and alerts, in this account and region, with the policy of the output `kms_key_policy`. null: one is made."
  type = object({
    arn = string # Of the key, not of an alias.
  })
  default = null
}

variable "model" {
  description = "The model, always by an inference profile, and the regions that this profile routes to from ours."
  type = object({
    inference_profile_id      = optional(string, "us.anthropic.claude-haiku-4-5-20251001-v1:0")
    destination_regions       = optional(list(string)) # null = as aws-facts.json says; `aws bedrock get-inference-profile` prints today's.
    foundation_model_id       = optional(string)       # Only for an application inference profile.
    additional_request_fields = optional(string)       # JSON of the model's own fields: jsonencode({ thinking = { type = "disabled" } }).
  })
  default  = {}
  nullable = false

  # botocore names an endpoint of Amazon Bedrock in no Region of that partition.
  validation {
    condition     = var.model.inference_profile_id == "" || !startswith(local.region, "cn-")
    error_message = "${var.model.inference_profile_id} cannot be called, and there can be no chatbot, in ${local.region}: Amazon Bedrock has no models and no guardrails in AWS's China regions. modules/edge and modules/api can be used there alone, before an application of your own."
  }
}

variable "monitoring" {
  description = "What watches the environment; each is null where something else does. All three are named, so that none is given up by a slip."
  type = object({
    alarms = object({
      thresholds = optional(map(number), {}) # Alarm to threshold; see modules/governance.
    })
    budget = object({
      monthly_usd = optional(number) # Of the account; see modules/governance.
    })
    dashboard = object({})
  })
  default = {
    alarms    = {}
    budget    = {}
    dashboard = {}
  }
  nullable = false
}

variable "name" {
  description = "Name of the chatbot, before that of the environment; what is global in an account has the region after both."
  type        = string
  default     = "chatbot"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", var.name))
    error_message = "name must be lower-case letters, digits or hyphens, begin with a letter and not end with a hyphen, such as support; it is \"${var.name}\"."
  }

  # What holds the name many times over is limited: the service control policy, and the pattern of refused attempts.
  validation {
    condition     = length("${var.name}-${var.environment}") <= 24
    error_message = "name and environment are at most 24 characters together, with the hyphen between them: ${var.name}-${var.environment} has ${length("${var.name}-${var.environment}")}. Bucket, policies and patterns that are made of them could be too long for AWS. Shorten one."
  }
}

variable "operations" {
  description = "Who is alerted when something is wrong, and how long logs are kept."
  type = object({
    alert_emails       = list(string) # Each must confirm the e-mail that Amazon SNS sends.
    log_retention_days = optional(number, 365)
  })
  nullable = false
}

variable "package" {
  description = "The function's zip: a path, as `make build` makes it, or `{ s3_bucket, s3_key, sha256, s3_object_version }`; see modules/compute."
  type        = any
  nullable    = false
}

variable "reserved_concurrency" {
  description = "How many requests are answered at once, at most: what bounds the spending on the model. 0 stops the chatbot."
  type        = number
  default     = 10
  nullable    = false
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
