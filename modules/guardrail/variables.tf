variable "blocked_words" {
  description = "Words and phrases that neither a prompt nor an answer may hold, matched exactly and without regard to case."
  type        = list(string)
  default     = ["ChatGPT", "Gemini", "Grok", "Copilot"]
  nullable    = false

  validation {
    condition = alltrue([
      for word in var.blocked_words :
      length(word) >= 1 && length(word) <= 100 && length(split(" ", trimspace(word))) <= 3
    ])
    error_message = "Each blocked word is 1 to 100 characters and at most three words: Bedrock matches phrases of up to three words exactly. Use denied_topics for ${join(", ", [for word in var.blocked_words : "\"${word}\"" if length(word) < 1 || length(word) > 100 || length(split(" ", trimspace(word))) > 3])}."
  }
}

variable "content_filters" {
  description = "Strength of each content filter on prompts (input) and answers (output)."
  type = object({
    hate          = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
    insults       = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
    misconduct    = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
    prompt_attack = optional(object({ input = optional(string, "HIGH"), output = optional(string, "NONE") }), {}) # output must be NONE
    sexual        = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
    violence      = optional(object({ input = optional(string, "HIGH"), output = optional(string, "HIGH") }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for strength in flatten([for filter in values(var.content_filters) : [filter.input, filter.output]]) :
      contains(["NONE", "LOW", "MEDIUM", "HIGH"], strength)
    ])
    error_message = "A filter strength is NONE, LOW, MEDIUM or HIGH, in capitals. Mend ${join(", ", [for name, filter in var.content_filters : name if length(setsubtract([filter.input, filter.output], ["NONE", "LOW", "MEDIUM", "HIGH"])) > 0])}."
  }

  validation {
    condition     = var.content_filters.prompt_attack.output == "NONE"
    error_message = "prompt_attack.output must be NONE: an answer cannot be a prompt attack, and the Bedrock API refuses any other strength."
  }
}

variable "denied_topics" {
  description = "Subjects that the chatbot neither takes nor offers: topic name -> what it is, and example prompts."
  type = map(object({
    definition = string                     # what the topic is, as a statement, at most 200 characters
    examples   = optional(list(string), []) # up to five prompts, at most 100 characters each
  }))
  default = {
    "Competitor products" = {
      definition = "Questions about, comparisons with, or recommendations of AI assistants made by other companies, such as ChatGPT, Gemini, Grok or Copilot."
      examples = [
        "Is ChatGPT better than you?",
        "Which AI assistant from another company should I buy?",
        "Compare your answers with those of Gemini.",
        "How do I move my account over to Copilot?",
        "What can Grok do that you cannot?",
      ]
    }
  }
  nullable = false

  validation {
    condition     = length(var.denied_topics) <= 30
    error_message = "A guardrail holds at most 30 denied topics, and there are ${length(var.denied_topics)}: join some."
  }

  validation {
    condition     = alltrue([for topic in keys(var.denied_topics) : can(regex("^[0-9a-zA-Z _!?.-]{1,100}$", topic))])
    error_message = "A topic's name is 1 to 100 letters, digits, spaces and - _ ! ? . only: ${join(", ", [for topic in keys(var.denied_topics) : "\"${trimspace(replace(topic, "/[^0-9a-zA-Z _!?.-]+/", " "))}\" in place of \"${topic}\"" if !can(regex("^[0-9a-zA-Z _!?.-]{1,100}$", topic))])}."
  }

  validation {
    condition     = alltrue([for topic in values(var.denied_topics) : length(topic.definition) >= 1 && length(topic.definition) <= 200])
    error_message = "A topic's definition is 1 to 200 characters, the limit of the classic guardrail tier; put the rest into examples: ${join(", ", [for name, topic in var.denied_topics : "\"${name}\" has ${length(topic.definition)}" if length(topic.definition) < 1 || length(topic.definition) > 200])}."
  }

  validation {
    condition = alltrue([
      for topic in values(var.denied_topics) :
      length(topic.examples) <= 5 && alltrue([for example in topic.examples : length(example) >= 1 && length(example) <= 100])
    ])
    error_message = "A topic has at most five examples of 1 to 100 characters each. Shorten those of ${join(", ", [for name, topic in var.denied_topics : "\"${name}\"" if length(topic.examples) > 5 || !alltrue([for example in topic.examples : length(example) >= 1 && length(example) <= 100])])}."
  }
}

variable "extra_blocked_words" {
  description = "Further blocked words, added to blocked_words."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for word in var.extra_blocked_words :
      length(word) >= 1 && length(word) <= 100 && length(split(" ", trimspace(word))) <= 3
    ])
    error_message = "Each blocked word is 1 to 100 characters and at most three words: Bedrock matches phrases of up to three words exactly. Use denied_topics for ${join(", ", [for word in var.extra_blocked_words : "\"${word}\"" if length(word) < 1 || length(word) > 100 || length(split(" ", trimspace(word))) > 3])}."
  }
}

variable "name" {
  description = "Name of the guardrail."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-zA-Z_-]{1,50}$", var.name))
    error_message = "A guardrail's name is 1 to 50 letters, digits, - and _ only, such as ${substr(replace(var.name, "/[^0-9a-zA-Z_-]+/", "-"), 0, 50)}."
  }
}

variable "pii" {
  description = "Personal data, by Bedrock's entity types: which block the whole text, and which are masked in it. Types in neither list pass."
  type = object({
    # Secrets and card data: there is no good reason for a support chat to hold them.
    block = optional(list(string), [
      "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "PASSWORD", "PIN",
      "CREDIT_DEBIT_CARD_CVV", "CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER",
    ])
    # The numbers that identify a person, an account or a device. An action holds for prompts and answers alike, and a support
    # answer must be able to name towns, people, a hotline, a mailbox, an age limit and a link: ADDRESS (which masks countries
    # and cities too), NAME, PHONE, EMAIL, AGE and URL pass. See decision 7.
    anonymize = optional(list(string), [
      "DRIVER_ID", "IP_ADDRESS", "LICENSE_PLATE", "MAC_ADDRESS", "USERNAME", "VEHICLE_IDENTIFICATION_NUMBER",
      "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "SWIFT_CODE",
      "CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER",
      "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER", "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER",
      "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER", "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
      "US_PASSPORT_NUMBER", "US_SOCIAL_SECURITY_NUMBER",
    ])
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(concat(var.pii.block, var.pii.anonymize), local.pii_types)) == 0
    error_message = "Bedrock does not know ${join(", ", setsubtract(concat(var.pii.block, var.pii.anonymize), local.pii_types))} as personal data. It knows ${join(", ", local.pii_types)}."
  }

  validation {
    condition     = length(distinct(concat(var.pii.block, var.pii.anonymize))) == length(var.pii.block) + length(var.pii.anonymize)
    error_message = "A type of personal data is either blocked or anonymized, and named once. Twice: ${join(", ", distinct([for type in concat(var.pii.block, var.pii.anonymize) : type if length([for other in concat(var.pii.block, var.pii.anonymize) : other if other == type]) > 1]))}."
  }
}

variable "safety_message" {
  description = "Text that replaces a blocked prompt or answer. It says nothing of which rule spoke, so that an attacker learns nothing."
  type        = string
  default     = "[Request blocked by safety controls]"
  nullable    = false

  validation {
    condition     = length(var.safety_message) >= 1 && length(var.safety_message) <= 500
    error_message = "The safety message is 1 to 500 characters, Bedrock's limit, and has ${length(var.safety_message)}."
  }
}

variable "tags" {
  description = "Tags of everything here that takes them, besides the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
