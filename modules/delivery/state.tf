# Terraform's state: it holds API keys, and who writes it decides what the next apply does.
resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_18:the account's trail records who changes the bucket; access logs would need a bucket of their own, and so on
  #checkov:skip=CKV_AWS_144:versions keep what was overwritten, and Terraform can import what it has lost
  #checkov:skip=CKV2_AWS_62:nothing processes the state as it comes
  #checkov:skip=CKV2_AWS_61:a version that is gone is a state that nobody can go back to; each is a few kilobytes

  bucket = local.bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "state" {
  # Stops state being read or forged on the wire.
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = data.aws_iam_policy_document.state.minified_json

  depends_on = [aws_s3_bucket_public_access_block.state]
}

# A key of its own: who may read the bucket cannot read the state without it.
resource "aws_kms_key" "state" {
  description             = "Terraform's state of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.minified_json

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [aws_iam_role.this] # KMS takes no policy that names who is not there.
}

resource "aws_kms_alias" "state" {
  name          = "alias/delivery-${var.name}-state"
  target_key_id = aws_kms_key.state.key_id
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:in a key policy * is the key itself, and without an administrator nobody could ever change it
  #checkov:skip=CKV_AWS_111:in a key policy * is the key itself
  #checkov:skip=CKV_AWS_356:in a key policy * is the key itself
  statement {
    sid       = "PoliciesOfTheAccountDecide"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["${local.iam}:root"]
    }
  }

  # Here and not in the roles' policies, so that those name nothing that AWS invents.
  dynamic "statement" {
    for_each = { Plan = ["kms:Decrypt"], Apply = ["kms:Decrypt", "kms:GenerateDataKey"] }
    content {
      sid       = "${statement.key}RolesUseIt"
      actions   = statement.value
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = [for env in var.environments : "${local.iam}:role/${local.roles["${env} ${lower(statement.key)}"].name}"]
      }
    }
  }
}
