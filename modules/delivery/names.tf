data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = split(".", data.aws_region.current.endpoint)[1] # .name is deprecated in version 6 of the provider, .region unknown in 5

  issuer       = "token.actions.githubusercontent.com"
  audience     = "sts.amazonaws.com" # What aws-actions/configure-aws-credentials asks for.
  provider_arn = coalesce(var.oidc_provider_arn, "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}")
  subject      = "repo:${var.repository}"
  ref          = "refs/heads/${var.branch}"

  bucket     = coalesce(var.state_bucket, "${var.name}-state-${local.region}-${local.account}")
  bucket_arn = "arn:${local.partition}:s3:::${local.bucket}"
  iam        = "arn:${local.partition}:iam::${local.account}"

  # As modules/compute and modules/governance name what an account has once for all Regions.
  global = { for env in var.environments : env => "${var.name}-${env}-${local.region}" }

  # delivery- comes first: no role may change what begins like its environment's own.
  roles = merge(
    { for env in var.environments : "${env} plan" => {
      name        = "delivery-${local.global[env]}-plan"
      description = "Plans ${var.name}-${env}: pull requests and ${var.branch} of ${var.repository}"
      env         = env
      policies    = ["reads"]
      claims = {
        aud = [local.audience]
        sub = ["${local.subject}:pull_request", "${local.subject}:ref:${local.ref}"]
      }
    } },
    { for env in var.environments : "${env} apply" => {
      name        = "delivery-${local.global[env]}-apply"
      description = "Applies ${var.name}-${env}: the environment ${env} on ${var.branch} of ${var.repository}"
      env         = env
      policies    = ["reads", "serving", "evidence", "limits"]
      # A job of an environment has that in its subject, and no branch: hence the second claim.
      claims = {
        aud = [local.audience]
        sub = ["${local.subject}:environment:${env}"]
        ref = [local.ref]
      }
    } },
  )
}
