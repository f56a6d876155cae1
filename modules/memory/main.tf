# What the chatbot remembers between two requests: how much of a budget is spent, and what was said in a conversation. Every item is
# read by its key; nothing scans.
resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = true
  tags                        = var.tags

  # Whose item it is: budget/<client>[/<person>] or conversation/<client>[/<person>]. What IAM sees as dynamodb:LeadingKeys.
  attribute {
    name = "pk"
    type = "S"
  }

  # Which of these: a month, such as 2026-11, or a conversation's id.
  attribute {
    name = "sk"
    type = "S"
  }

  # AWS deletes an item within days of this time; the function takes it for gone at once.
  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}
