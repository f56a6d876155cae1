variable "branch" {
  description = "Branch from which environments are applied."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.branch))
    error_message = "branch is one name such as main, without a wildcard: ${var.branch} would let other branches in."
  }
}

variable "environments" {
  description = "Environments of this account, each with a role to plan and one to apply: what modules/chatbot is given as `environment`, and the name of the protected environment in GitHub."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.environments) > 0 && alltrue([for env in var.environments : can(regex("^[a-z][a-z0-9-]{0,15}$", env))])
    error_message = "environments holds at least one name of 1 to 16 small letters, digits and hyphens, such as dev."
  }

  validation {
    condition = alltrue([
      for pair in setproduct(var.environments, var.environments) : !startswith(pair[1], "${pair[0]}-")
    ])
    error_message = "No environment may be named like another and a hyphen (dev and dev-2): the roles of dev would reach what is named after dev-2."
  }
}

variable "name" {
  description = "Name that everything of an environment begins with, before the environment."
  type        = string
  default     = "chatbot"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.name)) && var.name != "delivery"
    error_message = "name is 1 to 16 small letters, digits and hyphens, such as chatbot, and not delivery: the roles would reach themselves."
  }
}

variable "oidc_provider_arn" {
  description = "GitHub's OIDC provider that the account has already; null makes it."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn is the ARN of GitHub's provider: arn:aws:iam::<account>:oidc-provider/token.actions.githubusercontent.com."
  }
}

variable "repository" {
  description = "Repository whose workflows take the roles, as the subjects of its tokens name it: OWNER/REPOSITORY, with ids (OWNER-123/REPOSITORY-456) where GitHub adds them, as it does for repositories made or renamed since 2026-06-18."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.@-]+/[A-Za-z0-9_.@-]+$", var.repository))
    error_message = "repository is OWNER/REPOSITORY without a wildcard, such as octo-org/octo-repo."
  }
}

variable "state_bucket" {
  description = "Bucket to make for Terraform's state, which is at <name>/<environment>.tfstate in it; null names it <name>-state-<region>-<account>."
  type        = string
  default     = null
}
