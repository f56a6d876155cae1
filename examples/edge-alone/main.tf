# The web ACL before an API Gateway REST API that you have, with a key for its log.

provider "aws" {
  region = "us-east-2"
}

locals {
  name      = "orders"
  stage_arn = "arn:aws:apigateway:us-east-2::/restapis/abc123def4/stages/v1" # of your API
}

module "edge" {
  source = "../../modules/edge"

  name               = local.name
  allowed_origin     = "https://shop.example.com"
  kms_key_arn        = aws_kms_key.log.arn
  log_retention_days = 365
  resource_arn       = local.stage_arn

  # Count first: read in the log what would have been blocked, then take this out.
  prompt_injection = { mode = "count" }
}

data "aws_caller_identity" "current" {}

# CloudWatch Logs may use the key for this log group and no other.
data "aws_iam_policy_document" "log_key" {
  statement {
    sid       = "AccountManages"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid       = "LogOfTheWebAcl"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.us-east-2.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:us-east-2:${data.aws_caller_identity.current.account_id}:log-group:aws-waf-logs-${local.name}"]
    }
  }
}

resource "aws_kms_key" "log" {
  description         = "Log of the web ACL of ${local.name}"
  policy              = data.aws_iam_policy_document.log_key.json
  enable_key_rotation = true
}
