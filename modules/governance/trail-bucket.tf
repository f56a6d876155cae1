# Write once: object lock keeps every record for its days, versions keep what somebody overwrites.
resource "aws_s3_bucket" "trail" {
  count = var.trail == null ? 0 : 1
  #checkov:skip=CKV_AWS_18:the trail records who touches the bucket; access logs of the log bucket would need a bucket of their own, and so on
  #checkov:skip=CKV_AWS_144:CloudWatch Logs holds a second copy of every record, in another service
  #checkov:skip=CKV2_AWS_62:nothing processes the records as they come; alarms work on the copy in CloudWatch Logs

  bucket              = local.trail_bucket
  object_lock_enabled = true
  force_destroy       = var.trail.force_destroy
  tags                = var.tags
}

resource "aws_s3_bucket_versioning" "trail" {
  count = var.trail == null ? 0 : 1

  bucket = aws_s3_bucket.trail[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "trail" {
  count = var.trail == null ? 0 : 1

  bucket = aws_s3_bucket.trail[0].id

  rule {
    default_retention {
      mode = var.trail.object_lock_mode
      days = var.trail.object_lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.trail]
}

# A record goes when its lock ends: one number says how long evidence lives.
resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count = var.trail == null ? 0 : 1

  bucket = aws_s3_bucket.trail[0].id

  rule {
    id     = "expire-after-lock"
    status = "Enabled"

    filter {}

    expiration {
      days = var.trail.object_lock_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.trail]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "trail" {
  count = var.trail == null ? 0 : 1

  bucket = aws_s3_bucket.trail[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.key_arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "trail" {
  count = var.trail == null ? 0 : 1

  bucket = aws_s3_bucket.trail[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "trail" {
  count = var.trail == null ? 0 : 1

  bucket                  = aws_s3_bucket.trail[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "trail_bucket" {
  statement {
    sid       = "TrailChecksBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = [local.trail_bucket_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "TrailWritesRecords"
    actions   = ["s3:PutObject"]
    resources = ["${local.trail_bucket_arn}/AWSLogs/${local.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }

  # Stops records being read or forged on the wire.
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.trail_bucket_arn, "${local.trail_bucket_arn}/*"]

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

resource "aws_s3_bucket_policy" "trail" {
  count = var.trail == null ? 0 : 1

  bucket = aws_s3_bucket.trail[0].id
  policy = data.aws_iam_policy_document.trail_bucket.minified_json

  depends_on = [aws_s3_bucket_public_access_block.trail]
}
