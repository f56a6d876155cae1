# The real provider, offline: what is planned here is what AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

variables {
  name = "chatbot-test"
}

run "every_filter_is_strong_and_the_version_is_named_after_the_policy" {
  command = plan

  # Every content filter is at full strength both ways.
  assert {
    condition = {
      for filter in aws_bedrock_guardrail.this.content_policy_config[0].filters_config :
      filter.type => "${filter.input_strength}/${filter.output_strength}"
      } == {
      HATE          = "HIGH/HIGH"
      INSULTS       = "HIGH/HIGH"
      MISCONDUCT    = "HIGH/HIGH"
      PROMPT_ATTACK = "HIGH/NONE"
      SEXUAL        = "HIGH/HIGH"
      VIOLENCE      = "HIGH/HIGH"
    }
    error_message = "A content filter is missing or weaker than promised."
  }

  # Credentials and cards are blocked and identity numbers are masked.
  assert {
    condition = toset([
      for entity in aws_bedrock_guardrail.this.sensitive_information_policy_config[0].pii_entities_config :
      entity.type if entity.action == "BLOCK"
      ]) == toset([
      "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "PASSWORD", "PIN",
      "CREDIT_DEBIT_CARD_CVV", "CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER",
    ])
    error_message = "A credential or card number would pass the guardrail."
  }

  # Of what Bedrock knows as personal data, the rest is masked but for what a support answer must be able to name.
  assert {
    condition = setsubtract(local.pii_types, [
      for entity in aws_bedrock_guardrail.this.sensitive_information_policy_config[0].pii_entities_config :
      entity.type if contains(["ANONYMIZE", "BLOCK"], entity.action)
    ]) == toset(["ADDRESS", "AGE", "EMAIL", "NAME", "PHONE", "URL"])
    error_message = "A number that identifies a person would reach the model, or an answer could not name a town, a hotline or a mailbox."
  }

  # One safety message answers for prompts and answers.
  assert {
    condition = (
      aws_bedrock_guardrail.this.blocked_input_messaging == var.safety_message &&
      aws_bedrock_guardrail.this.blocked_outputs_messaging == var.safety_message &&
      output.safety_message == var.safety_message
    )
    error_message = "The safety message differs between the guardrail and its output."
  }

  # The version is named after the policy.
  assert {
    condition     = aws_bedrock_guardrail_version.this.description == "policy sha256 ${output.policy_hash}"
    error_message = "The version's description must carry the policy's hash, or a change would publish nothing."
  }

  assert {
    condition     = length(aws_bedrock_guardrail_version.this.description) <= 200
    error_message = "Bedrock takes descriptions of at most 200 characters."
  }

  assert {
    condition     = aws_bedrock_guardrail_version.this.skip_destroy
    error_message = "Old versions must be kept: a running Lambda version may still name one."
  }
}

run "competitors_are_denied_by_topic_and_by_word" {
  command = plan

  variables {
    extra_blocked_words = ["Perplexity", "Grok"]
  }

  assert {
    condition = [
      for topic in aws_bedrock_guardrail.this.topic_policy_config[0].topics_config : "${topic.type} ${topic.name}"
    ] == ["DENY Competitor products"]
    error_message = "The topic of competitor products is not denied."
  }

  assert {
    condition = alltrue([
      for topic in aws_bedrock_guardrail.this.topic_policy_config[0].topics_config :
      length(topic.definition) <= 200 && length(topic.examples) <= 5
    ])
    error_message = "The default topic does not fit the limits of Bedrock."
  }

  assert {
    condition = toset(aws_bedrock_guardrail.this.word_policy_config[0].words_config[*].text) == toset(
      ["ChatGPT", "Gemini", "Grok", "Copilot", "Perplexity"]
    )
    error_message = "The word list must hold the defaults and the caller's words, each once."
  }

  assert {
    condition     = length(aws_bedrock_guardrail.this.word_policy_config[0].words_config) == 5
    error_message = "A word given twice must be sent once: Bedrock counts them."
  }
}

run "profanity_is_blocked_even_without_a_word_list" {
  command = plan

  variables {
    blocked_words = []
  }

  assert {
    condition     = aws_bedrock_guardrail.this.word_policy_config[0].managed_word_lists_config[*].type == tolist(["PROFANITY"])
    error_message = "The managed profanity list is gone."
  }
}

run "the_same_policy_publishes_nothing_new" {
  command = plan

  variables {
    blocked_words       = ["ChatGPT", "Gemini", "Grok"]
    extra_blocked_words = ["Copilot"]
  }

  assert {
    condition     = output.policy_hash == run.every_filter_is_strong_and_the_version_is_named_after_the_policy.policy_hash
    error_message = "The same words by another way must not publish a version."
  }
}

run "a_new_word_publishes_a_version" {
  command = plan

  variables {
    extra_blocked_words = ["Perplexity"]
  }

  assert {
    condition     = output.policy_hash != run.every_filter_is_strong_and_the_version_is_named_after_the_policy.policy_hash
    error_message = "The hash must change with the word list."
  }
}

run "a_weaker_filter_publishes_a_version" {
  command = plan

  variables {
    content_filters = { violence = { output = "LOW" } }
  }

  assert {
    condition     = output.policy_hash != run.every_filter_is_strong_and_the_version_is_named_after_the_policy.policy_hash
    error_message = "The hash must change with a filter's strength."
  }

  assert {
    condition = one([
      for filter in aws_bedrock_guardrail.this.content_policy_config[0].filters_config :
      "${filter.input_strength}/${filter.output_strength}" if filter.type == "VIOLENCE"
    ]) == "HIGH/LOW"
    error_message = "What the caller does not name must keep its default."
  }
}

run "another_topic_publishes_a_version" {
  command = plan

  variables {
    denied_topics = { "Legal advice" = { definition = "Advice on contracts, lawsuits or the law." } }
  }

  assert {
    condition     = output.policy_hash != run.every_filter_is_strong_and_the_version_is_named_after_the_policy.policy_hash
    error_message = "The hash must change with the topics."
  }
}

run "another_pii_rule_publishes_a_version" {
  command = plan

  variables {
    pii = { block = ["PASSWORD"], anonymize = [] }
  }

  assert {
    condition     = output.policy_hash != run.every_filter_is_strong_and_the_version_is_named_after_the_policy.policy_hash
    error_message = "The hash must change with the rules on personal data."
  }

  assert {
    condition     = aws_bedrock_guardrail.this.sensitive_information_policy_config[0].pii_entities_config[*].type == tolist(["PASSWORD"])
    error_message = "One type is enough for a rule."
  }
}

run "another_message_publishes_a_version" {
  command = plan

  variables {
    safety_message = "I cannot help with that."
  }

  assert {
    condition     = output.policy_hash != run.every_filter_is_strong_and_the_version_is_named_after_the_policy.policy_hash
    error_message = "The hash must change with the message: it is part of the snapshot."
  }
}

run "a_definition_of_200_characters_is_taken" {
  command = plan

  variables {
    denied_topics = { "Long" = { definition = join("", [for i in range(20) : "0123456789"]) } }
  }

  assert {
    condition     = length(aws_bedrock_guardrail.this.topic_policy_config[0].topics_config[0].definition) == 200
    error_message = "200 characters are within the limit."
  }
}

run "the_shortest_texts_are_taken" {
  command = plan

  variables {
    blocked_words       = ["b"]
    extra_blocked_words = ["e"]
    denied_topics       = { T = { definition = "d", examples = ["e"] } }
    safety_message      = "s"
  }

  assert {
    condition     = toset(aws_bedrock_guardrail.this.word_policy_config[0].words_config[*].text) == toset(["b", "e"])
    error_message = "One character is within each limit."
  }
}
