locals {
  # One exact origin as a browser sends it. Without TLS on this machine alone.
  origin = "^(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:localhost|127\\.0\\.0\\.1))(?::[0-9]{1,5})?$"

  # The host in what is no origin, to say how it would be one.
  host = "^(?:[a-z]+://)?(?:[*][.])?([a-z0-9.-]*[a-z0-9](?::[0-9]{1,5})?)"
}

variable "allowed_origin" {
  description = "The web origin whose pages may read answers and refusals: `https://host` or `https://host:port`. `http` is allowed for localhost and 127.0.0.1 alone."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.origin, var.allowed_origin))
    error_message = "allowed_origin must be one exact origin as a browser sends it: https://host or https://host:port in lower case, without a path or a final slash (http only for localhost or 127.0.0.1). `*` would let every web page on the internet read the answers. Write https://${try(regex(local.host, lower(var.allowed_origin))[0], "chat.example.com")}."
  }
}

variable "clients" {
  description = "Who may call: client name to its settings. Each gets an API key of its own, so that one can be watched, stopped or replaced alone."
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

  validation {
    condition     = length(var.clients) > 0
    error_message = "clients must name at least one client: POST /chat needs an API key, so without a client nobody could call it."
  }

  validation {
    condition     = alltrue([for client in keys(var.clients) : can(regex("^[a-z0-9][a-z0-9-]{0,62}$", client))])
    error_message = "Each client name must be 1 to 63 lower-case letters, digits or hyphens, and begin with a letter or digit: ${join(", ", [for client in keys(var.clients) : "${trim(replace(lower(client), "/[^a-z0-9-]+/", "-"), "-")} in place of \"${client}\"" if !can(regex("^[a-z0-9][a-z0-9-]{0,62}$", client))])}."
  }

  validation {
    condition = alltrue([
      for client in values(var.clients) :
      contains([1, 2], length(client.keys)) && length(distinct(client.keys)) == length(client.keys)
      && alltrue([for key in client.keys : can(regex("^[a-z0-9][a-z0-9-]{0,31}$", key))])
    ])
    error_message = "Each client has one key or two with different names of 1 to 32 lower-case letters, digits or hyphens, such as keys = [\"1\", \"2027\"]: each has the whole quota, so that more would be more clients. Mend ${join(", ", [for name, client in var.clients : "${name}: [${join(", ", client.keys)}]" if !(contains([1, 2], length(client.keys)) && length(distinct(client.keys)) == length(client.keys) && alltrue([for key in client.keys : can(regex("^[a-z0-9][a-z0-9-]{0,31}$", key))]))])}."
  }

  validation {
    condition = alltrue([
      for client in values(var.clients) : client.plan == null ? true : alltrue([
        coalesce(client.plan.rate_limit, 1) > 0, coalesce(client.plan.burst_limit, 1) >= 1, coalesce(client.plan.quota_limit, 1) >= 1,
      ])
    ])
    error_message = "In a client's plan, rate_limit must be above 0, burst_limit and quota_limit 1 or more. A client that may not call is one of disabled_clients."
  }
}

variable "custom_domain" {
  description = "A host name of your own, with TLS 1.2 as the lowest version. null = the default endpoint alone, which accepts TLS 1.0 and later."
  type = object({
    certificate_arn        = string # ACM certificate in the same region.
    close_default_endpoint = bool   # false until DNS points at the new name and the callers use it, then true.
    domain_name            = string
  })
  default = null

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^[a-z0-9-]+(?:\\.[a-z0-9-]+)+$", var.custom_domain.domain_name))
    error_message = "custom_domain.domain_name must be a host name such as chat.example.com: lower case, no scheme, no path, no wildcard. Write ${try(regex("^(?:[a-z]+://)?(?:[*][.])?([a-z0-9-]+(?:[.][a-z0-9-]+)+)", lower(var.custom_domain.domain_name))[0], "chat.example.com")}."
  }

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.custom_domain.certificate_arn))
    error_message = "custom_domain.certificate_arn must be the ARN of an ACM certificate: arn:aws:acm:<region>:<account>:certificate/<id>."
  }
}

variable "disabled_clients" {
  description = "Clients that are stopped: each is refused at once, and keeps its key."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.disabled_clients, keys(var.clients))) == 0
    error_message = "disabled_clients names clients, and would stop nobody as ${join(", ", setsubtract(var.disabled_clients, keys(var.clients)))}. The clients are: ${join(", ", keys(var.clients))}."
  }
}

variable "function" {
  description = "The Lambda alias that answers POST /chat. The module permits the API to invoke exactly this alias."
  type = object({
    alias_invoke_arn = string
    alias_name       = string
    client_names     = optional(bool, false) # Whether it gets the names of the clients, for budgets and conversations.
    conversations    = optional(bool, false) # It keeps conversations: a message may name one, and DELETE /chat/{id} ends one.
    function_name    = string
  })
  nullable = false
}

variable "further_origins" {
  description = "Further origins whose pages may ask and read the function's answers. A refusal of API Gateway's own names allowed_origin alone: see the README."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.further_origins : can(regex(local.origin, origin))])
    error_message = "further_origins holds exact origins as a browser sends them, such as https://shop.example.com, and no wildcard: ${join(", ", [for origin in var.further_origins : format("https://%s in place of \"%s\"", try(regex(local.host, lower(origin))[0], "shop.example.com"), origin) if !can(regex(local.origin, origin))])}."
  }

  validation {
    condition     = length(distinct(concat([var.allowed_origin], var.further_origins))) == 1 + length(var.further_origins)
    error_message = "further_origins names each origin once, and not allowed_origin again."
  }
}

variable "identity" {
  description = "Sign-in: whose users may ask, by a token in the header `authorization`. null = an API key is enough, and nobody knows who the person is."
  type = object({
    user_pool_arns = list(string)          # Cognito user pools, into which OIDC and SAML providers federate. Any app client of theirs will do.
    scopes         = optional(set(string)) # Access tokens with one of these; null = identity tokens.
  })
  default = null

  validation {
    condition = var.identity == null ? true : length(var.identity.user_pool_arns) > 0 && alltrue([
      for arn in var.identity.user_pool_arns : can(regex("^arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[a-z0-9-]+_[A-Za-z0-9]+$", arn))
    ])
    error_message = "identity.user_pool_arns must hold the ARN of one user pool or more: arn:aws:cognito-idp:<region>:<account>:userpool/<id>. Without sign-in, identity is null."
  }

  validation {
    condition     = try(var.identity.scopes, null) == null ? true : length(var.identity.scopes) > 0 && alltrue([for scope in var.identity.scopes : can(regex("^[^ ]+$", scope))])
    error_message = "identity.scopes must hold one scope or more, such as chatbot/ask, or be null: then identity tokens are asked for."
  }
}

variable "kms_key_arn" {
  description = "Customer managed key that encrypts the access log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the access log is kept, in days."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_days > 0 # The provider checks which numbers CloudWatch Logs takes.
    error_message = "log_retention_days must be above 0, which would keep the log for ever."
  }
}

variable "log_role_arn" {
  description = "The account's API Gateway log role, which the stage waits for. null = the account has one already."
  type        = string
  default     = null
}

variable "max_message_chars" {
  description = "Longest message that passes the request validator, in characters; modules/chatbot says what it may be."
  type        = number
  nullable    = false
}

variable "name" {
  description = "Name of the API, and beginning of the names of all that belongs to it, such as `chatbot-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,46}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 48 lower-case letters, digits or hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "plan" {
  description = "The usage plan of every client that has none of its own. Its limits count for each key alone; AWS enforces them as well as it can, not exactly."
  type = object({
    name         = optional(string, "chatbot-basic-plan")
    rate_limit   = optional(number, 10)  # Requests a second that refill the bucket.
    burst_limit  = optional(number, 5)   # Size of the bucket: requests that may come at the same moment.
    quota_limit  = optional(number, 500) # Requests in a quota period.
    quota_period = optional(string, "MONTH")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.plan.rate_limit > 0 && var.plan.burst_limit >= 1 && var.plan.quota_limit >= 1
    error_message = "plan.rate_limit must be above 0, plan.burst_limit and plan.quota_limit 1 or more: 0 would refuse every request, and API Gateway reads a missing limit as none."
  }

  validation {
    condition     = contains(["DAY", "WEEK", "MONTH"], var.plan.quota_period)
    error_message = "plan.quota_period must be DAY, WEEK or MONTH, in capitals; it is \"${var.plan.quota_period}\"."
  }
}

variable "stage_name" {
  description = "Stage of the API; the first part of the path on the default endpoint."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage_name))
    error_message = "stage_name must be 1 to 128 letters, digits, hyphens or underscores."
  }
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
