locals {
  # One exact origin as a browser sends it. Without TLS on this machine alone.
  origin = "^(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:localhost|127\\.0\\.0\\.1))(?::[0-9]{1,5})?$"
}

variable "allowed_origin" {
  description = "The web origin whose pages may read an answer; with chat.further_origins, the first of several. The one that asks is sent back in Access-Control-Allow-Origin, and no other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.origin, var.allowed_origin))
    error_message = "allowed_origin must be one exact origin as a browser sends it, such as https://chat.example.com, by the same pattern as in modules/api."
  }
}

variable "chat" {
  description = "Settings of a conversation, which the function gets."
  type = object({
    further_origins   = optional(list(string), []) # web origins beside allowed_origin that may read an answer
    leak_mode         = optional(string, "block")  # block keeps back an answer that recites the system prompt; count only counts it
    log_level         = optional(string, "INFO")   # INFO, WARN or ERROR
    max_message_chars = number                     # longest message that is answered
    memory = optional(object({                     # the table of budgets and conversations; null = no table, and no permission on one
      table_name   = string
      budget       = optional(string) # what the function gets of modules/chatbot's budget, as JSON; null = no limit
      conversation = optional(string) # and of its conversation; null = every message stands alone
    }))
    max_output_tokens = number                    # longest answer, in the model's tokens
    patterns          = optional(list(string))    # that a message is screened for; null = those in the package, which are modules/edge's
    sign_in           = optional(bool, false)     # true refuses what the API hands on without a person
    screening_mode    = optional(string, "block") # block refuses what looks like a prompt injection; count only counts it
    system_prompt     = string
  })
  nullable = false

  validation {
    condition     = alltrue([for origin in var.chat.further_origins : can(regex(local.origin, origin))])
    error_message = "chat.further_origins holds exact origins as a browser sends them, such as https://shop.example.com, by the same pattern as in modules/api."
  }

  validation {
    condition     = contains(["INFO", "WARN", "ERROR"], var.chat.log_level)
    error_message = "chat.log_level is INFO, WARN or ERROR: what is logged of a request is one line, at one of these levels, and never a prompt."
  }

  validation {
    condition = (
      var.chat.max_output_tokens >= 1 && var.chat.max_output_tokens <= 4096 && floor(var.chat.max_output_tokens) == var.chat.max_output_tokens
    )
    error_message = "chat.max_output_tokens is a whole number from 1 to 4,096: a longer answer does not arrive within API Gateway's 29 seconds."
  }

  validation {
    condition     = var.chat.patterns == null ? true : length(var.chat.patterns) > 0 && alltrue([for pattern in var.chat.patterns : can(regex("^[^\n]+$", pattern))])
    error_message = "chat.patterns holds one regular expression or more, each on one line; null takes those in the package. An empty list would screen for nothing: say so with chat.screening_mode = \"count\"."
  }

  validation {
    condition     = contains(["block", "count"], var.chat.leak_mode)
    error_message = "chat.leak_mode is block, which keeps back an answer that recites the system prompt, or count, which only counts it."
  }

  validation {
    condition     = contains(["block", "count"], var.chat.screening_mode)
    error_message = "chat.screening_mode is block, which refuses a message that looks like a prompt injection, or count, which only counts it."
  }

  validation {
    condition     = trimspace(var.chat.system_prompt) != ""
    error_message = "chat.system_prompt is not blank: without one the model would answer as anybody's assistant."
  }
}

variable "deny_policy_arn" {
  description = "ARN of the policy that denies tampering with the controls; attached to the execution role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/.+$", var.deny_policy_arn))
    error_message = "deny_policy_arn is the ARN of a customer-managed IAM policy, such as arn:aws:iam::111122223333:policy/chatbot-prod-us-east-2-deny-tampering."
  }
}

variable "guardrail" {
  description = "The guardrail without which the function may not call a model."
  type = object({
    arn              = string                     # without a version
    enforced_arns    = optional(list(string), []) # guardrails that account or organization enforces, and guardrail profiles
    id               = string
    previous_version = optional(string) # that the function may still ask for during a change; null = the number before version
    safety_message   = string           # what the function answers when the guardrail blocks
    version          = string           # a published number
  })
  nullable = false

  validation {
    condition     = alltrue([for arn in var.guardrail.enforced_arns : can(regex("^arn:[a-z-]+:bedrock:[a-z0-9-]+:[0-9]{12}:(guardrail/[a-z0-9]+|guardrail-profile/[a-z0-9.:-]+)$", arn))])
    error_message = "guardrail.enforced_arns holds ARNs of guardrails, without a version, or of guardrail profiles: arn:aws:bedrock:us-east-2:111122223333:guardrail/abc123def456."
  }

  validation {
    condition     = can(regex("^[1-9][0-9]{0,7}$", var.guardrail.version))
    error_message = "guardrail.version is a published number such as \"1\". DRAFT is refused: whoever may edit the guardrail would change what production does without a deployment."
  }

  validation {
    condition     = var.guardrail.previous_version == null || can(regex("^[1-9][0-9]{0,7}$", var.guardrail.previous_version))
    error_message = "guardrail.previous_version is a published number such as \"1\", or null for the number before guardrail.version."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log group."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the function's logs are kept, in days."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_days > 0 # The provider checks which numbers CloudWatch Logs takes.
    error_message = "log_retention_days must be above 0, which would keep the log for ever."
  }
}

variable "model" {
  description = "The model, always by an inference profile, and where that may route to."
  type = object({
    inference_profile_id      = string                 # id or ARN of the profile, such as us.anthropic.claude-haiku-4-5-20251001-v1:0
    destination_regions       = list(string)           # every Region it routes to from here: aws bedrock get-inference-profile names them
    foundation_model_id       = optional(string)       # only for an application inference profile, whose ARN does not name its model
    additional_request_fields = optional(string, "{}") # JSON for Converse's additionalModelRequestFields: jsonencode({ thinking = { type = "disabled" } })
  })
  nullable = false

  validation {
    condition     = can(keys(jsondecode(var.model.additional_request_fields))) && length(var.model.additional_request_fields) <= 500
    error_message = "model.additional_request_fields is a JSON object of at most 500 characters with fields of the model's own, such as jsonencode({ thinking = { type = \"disabled\" } })."
  }

  validation {
    condition = (
      can(regex("^(us|us-gov|eu|apac|au|ca|jp|global)\\.[a-z0-9-]+\\.[A-Za-z0-9.:-]+$", var.model.inference_profile_id)) ||
      can(regex("^arn:[a-z-]+:bedrock:[a-z0-9-]+:[0-9]{12}:inference-profile/(us|us-gov|eu|apac|au|ca|jp|global)\\.[A-Za-z0-9.:-]+$", var.model.inference_profile_id)) ||
      can(regex("^arn:[a-z-]+:bedrock:[a-z0-9-]+:[0-9]{12}:application-inference-profile/[a-z0-9]+$", var.model.inference_profile_id))
    )
    error_message = "model.inference_profile_id is an inference profile: an id that starts with us., us-gov., eu., apac., au., ca., jp. or global., or the ARN of a profile. A bare model id has no on-demand throughput and Bedrock answers it with UnsupportedModelException.${can(regex("^[a-z]+[.][a-z0-9-]+", var.model.inference_profile_id)) ? " Put the geography before it: us.${var.model.inference_profile_id}, or another that the Region has." : ""}"
  }

  validation {
    condition     = (var.model.foundation_model_id != null) == can(regex(":application-inference-profile/", var.model.inference_profile_id))
    error_message = "model.foundation_model_id is given for an application inference profile, whose ARN does not name its model, and for no other: elsewhere the profile's own name decides which model the role may call."
  }

  validation {
    condition     = length(var.model.destination_regions) > 0
    error_message = "model.destination_regions names every Region that the profile routes to (for a global profile, the source Region): the role needs the model in each, or calls fail whenever that Region is picked."
  }

  validation {
    condition     = alltrue([for region in var.model.destination_regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "model.destination_regions holds Region names such as us-east-2; a wildcard would allow the model anywhere."
  }
}

variable "name" {
  description = "Name of the function; its role, policies and log group are named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}$", var.name))
    error_message = "name is 2 to 29 lower-case letters, digits and hyphens, and starts with a letter."
  }
}

# `any`, since it is a text or an object; each attribute is checked here, which an object type would drop without a word.
variable "package" {
  description = "The zip that holds the function: its path, or `{ s3_bucket, s3_key, sha256, s3_object_version }` for an object of S3, with the hexadecimal SHA-256 that its release names. Terraform deploys it and never builds it."
  type        = any
  nullable    = false

  validation {
    condition     = !can(tostring(var.package)) || try(fileexists(var.package), false)
    error_message = "There is no Lambda package at this path. Run `make build`, which writes build/chatbot.zip."
  }

  validation {
    condition = can(tostring(var.package)) || (
      length(setsubtract(["s3_bucket", "s3_key", "sha256"], try(keys(var.package), []))) == 0 &&
      length(setsubtract(try(keys(var.package), []), ["s3_bucket", "s3_key", "s3_object_version", "sha256"])) == 0
    )
    error_message = "package is the path of a zip, or an object with s3_bucket, s3_key, sha256 and, for a versioned bucket, s3_object_version, and nothing else."
  }

  validation {
    condition     = !can(var.package.sha256) || can(regex("^[0-9a-f]{64}$", var.package.sha256))
    error_message = "package.sha256 is the SHA-256 of the zip in 64 hexadecimal digits, as `sha256sum chatbot.zip` prints it and a release names it. Without it nobody could tell which code is deployed."
  }
}

variable "policies" {
  description = "Further policies of the function's role, by name, as JSON. The permissions boundary grows by what they allow; the guardrail and the deny policy bind them too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.policies) : can(regex("^[a-z0-9-]{1,64}$", name))])
    error_message = "A name of policies must be 1 to 64 lower-case letters, digits or hyphens."
  }

  validation {
    condition     = alltrue([for json in values(var.policies) : can(jsondecode(json).Statement)])
    error_message = "Each of policies must be a policy document in JSON, such as data.aws_iam_policy_document.<name>.json."
  }

  validation {
    condition = alltrue(flatten([
      for json in values(var.policies) : [
        for statement in try(flatten([jsondecode(json).Statement]), []) : [
          can(regex("^[A-Za-z0-9]+$", statement.Sid)),
          try(statement.Effect, "") == "Deny" || alltrue([for action in try(flatten([statement.Action]), ["*"]) : can(regex("^[a-z0-9-]+:[A-Za-z]", action)) && !startswith(action, "iam:")]),
        ]
      ]
    ]))
    error_message = "Each statement of policies must have a Sid, unique among all, and name its actions as service:Action or service:Prefix*. `*`, `service:*`, NotAction and IAM's actions are refused: the boundary would hold nothing back."
  }
}

variable "reserved_concurrency" {
  description = "How many requests are answered at once, at most; API Gateway answers 500 to more. 0 stops the chatbot."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= 0 && var.reserved_concurrency <= 1000 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency is a whole number from 0 to 1,000. No limit (-1) is refused: it is what bounds the spending on the model."
  }
}

variable "runtime" {
  description = "The machine that the function runs on."
  type = object({
    architecture = optional(string, "arm64") # arm64 or x86_64; the package is pure Python and runs on both
    memory_mb    = optional(number, 512)     # CPU comes with it
    snap_start   = optional(bool, false)     # shorter cold starts, at a price for Python
    vpc = optional(object({                  # null = in no VPC of yours; there, it needs a way to Bedrock, X-Ray and CloudWatch Logs, and to DynamoDB with memory: endpoints or a NAT gateway
      security_group_ids = list(string)
      subnet_ids         = list(string) # two or more, in different zones
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition = var.runtime.vpc == null ? true : (
      length(var.runtime.vpc.subnet_ids) > 0 && length(var.runtime.vpc.security_group_ids) > 0 &&
      alltrue([for id in var.runtime.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]) &&
      alltrue([for id in var.runtime.vpc.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])
    )
    error_message = "runtime.vpc names one subnet or more, such as subnet-0123456789abcdef0, and one security group or more, such as sg-0123456789abcdef0, by their ids."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.runtime.architecture)
    error_message = "runtime.architecture is arm64 or x86_64, not \"${var.runtime.architecture}\"."
  }

  validation {
    condition     = var.runtime.memory_mb >= 256 && var.runtime.memory_mb <= 10240 && floor(var.runtime.memory_mb) == var.runtime.memory_mb
    error_message = "runtime.memory_mb is a whole number from 256, below which a start and TLS take seconds of a small share of a CPU, to 10,240, Lambda's limit."
  }
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout_seconds" {
  description = "How long one request may take, in seconds."
  type        = number
  default     = 28
  nullable    = false

  validation {
    condition     = var.timeout_seconds > 3 && var.timeout_seconds <= 29 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds is a whole number from 4 to 29: models need more than Lambda's default of 3 seconds, and API Gateway gives up on the client at 29."
  }
}
