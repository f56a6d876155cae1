# One guardrail for each language, for an application of your own that calls Bedrock.

provider "aws" {
  region = "us-east-2"
}

locals {
  languages = {
    en = {
      safety_message = "I cannot help with that."
      topic          = "Advice on the law, on contracts, or on what a court would decide."
      examples       = ["Can I sue my landlord?", "Is this contract valid?"]
      words          = ["Perplexity"]
    }
    fr = {
      safety_message = "Je ne peux pas vous aider sur ce sujet."
      topic          = "Conseils sur le droit, sur les contrats, ou sur la décision d'un tribunal."
      examples       = ["Puis-je attaquer mon propriétaire ?", "Ce contrat est-il valable ?"]
      words          = ["Perplexity", "Le Chat"]
    }
  }
}

module "guardrail" {
  source   = "../../modules/guardrail"
  for_each = local.languages

  name                = "support-${each.key}"
  extra_blocked_words = each.value.words
  safety_message      = each.value.safety_message

  denied_topics = {
    "Legal advice" = { definition = each.value.topic, examples = each.value.examples }
  }
}

# Name the number in each call of the model: never DRAFT.
output "guardrails" {
  description = "Language to the guardrail's id and published version."
  value       = { for language, guardrail in module.guardrail : language => { id = guardrail.id, version = guardrail.version } }
}
