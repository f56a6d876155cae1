# Budgets and conversations share one table; without both there is none.
locals {
  remembers  = var.budget != null || var.conversation != null
  table_name = local.remembers ? local.name : null

  envelope_bytes = var.conversation == null ? 64 : 128 # of a body, round the message

  # No text has more tokens than bytes: see lambda/src/chatbot/budgets.py.
  longest_request_tokens = 4 * (
    try(var.conversation.max_chars, var.function.max_message_chars) + length(var.function.system_prompt)
  ) + var.function.max_output_tokens + 1024
}

module "memory" {
  source = "../memory"
  count  = local.remembers ? 1 : 0

  name        = local.table_name
  kms_key_arn = module.governance.kms_key_arn
  tags        = var.tags
}
