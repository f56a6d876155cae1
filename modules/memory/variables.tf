variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the table."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the table."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "name is a table's: 3 to 255 letters, digits, and _ . -"
  }
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
