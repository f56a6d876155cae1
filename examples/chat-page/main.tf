# The chat page of web/ in a private bucket behind CloudFront. Its address is the environment's `allowed_origin`.

provider "aws" {
  region              = "us-east-2"
  allowed_account_ids = ["111122223333"]
}

locals {
  certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
  domain_name     = "chat.example.com"

  settings = {
    api    = "https://abc123def4.execute-api.us-east-2.amazonaws.com/v1/chat" # output `url` of the environment
    signIn = ""                                                               # where people sign in, if they do: web/settings.js
  }
  asks = compact([regex("^https://[^/]+", local.settings.api), try(local.settings.signIn.domain, "")])

  folder = "${path.root}/../../web"
  types  = { css = "text/css", html = "text/html", js = "text/javascript", svg = "image/svg+xml" }
}

resource "aws_s3_bucket" "page" {
  bucket = local.domain_name
}

resource "aws_s3_bucket_public_access_block" "page" {
  bucket                  = aws_s3_bucket.page.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "page" {
  for_each = fileset(local.folder, "*.{css,html,js,svg}")

  bucket        = aws_s3_bucket.page.id
  key           = each.key
  content       = each.key == "settings.js" ? join("", [for name, value in local.settings : "export const ${name} = ${jsonencode(value)};\n"]) : file("${local.folder}/${each.key}")
  content_type  = local.types[regex("[a-z]+$", each.key)]
  cache_control = "no-cache"
}

# This distribution alone may read it.
data "aws_iam_policy_document" "page" {
  statement {
    sid       = "DistributionReads"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${local.domain_name}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.page.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "page" {
  bucket = aws_s3_bucket.page.id
  policy = data.aws_iam_policy_document.page.json
}

resource "aws_cloudfront_origin_access_control" "page" {
  name                              = local.domain_name
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_response_headers_policy" "page" {
  name = replace(local.domain_name, ".", "-")

  security_headers_config {
    content_security_policy {
      override                = true
      content_security_policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src ${join(" ", local.asks)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    content_type_options {
      override = true
    }

    referrer_policy {
      override        = true
      referrer_policy = "no-referrer"
    }

    strict_transport_security {
      override                   = true
      access_control_max_age_sec = 63072000
    }
  }
}

resource "aws_cloudfront_distribution" "page" {
  enabled             = true
  aliases             = [local.domain_name]
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = true

  origin {
    origin_id                = "page"
    domain_name              = aws_s3_bucket.page.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.page.id
  }

  default_cache_behavior {
    target_origin_id           = "page"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = "658327ea-f89d-4fab-a63d-7e88639e58f6" # AWS's CachingOptimized
    compress                   = true
    response_headers_policy_id = aws_cloudfront_response_headers_policy.page.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = local.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
