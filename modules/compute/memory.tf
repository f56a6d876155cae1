# What the function may do with the table of budgets and conversations: change or delete one item whose partition key begins as its
# own do. It reads an item by what a change returns; nothing lists or scans.
locals {
  table_arn = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${try(var.chat.memory.table_name, "")}"

  # Partition keys begin with these: see modules/memory.
  leading_keys = compact([
    try(var.chat.memory.budget, null) == null ? null : "budget/*",
    try(var.chat.memory.conversation, null) == null ? null : "conversation/*",
  ])

  item_actions = concat(["dynamodb:UpdateItem"], try(var.chat.memory.conversation, null) == null ? [] : ["dynamodb:DeleteItem"])
}

data "aws_iam_policy_document" "memory" {
  count = var.chat.memory == null ? 0 : 1

  #checkov:skip=CKV_AWS_111:the condition names the table; AWS invents the key's id
  #checkov:skip=CKV_AWS_356:the condition names the table; AWS invents the key's id

  statement {
    sid       = "ChangeOwnItems"
    actions   = local.item_actions
    resources = [local.table_arn]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = local.leading_keys
    }
  }

  # DynamoDB uses the table's key on behalf of whoever asks (DynamoDB Developer Guide, "DynamoDB encryption at rest usage notes").
  statement {
    sid       = "UseKeyOfTable"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["arn:${local.partition}:kms:${local.region}:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:dynamodb:tableName"
      values   = [var.chat.memory.table_name]
    }
  }
}

resource "aws_iam_role_policy" "memory" {
  count = var.chat.memory == null ? 0 : 1

  name   = "memory"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.memory[0].minified_json
}
