# The real provider, offline: what is planned here is what AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  environments = ["dev", "prod"]
  repository   = "octo-org/octo-repo"
}

run "by_default_the_state_is_safe_and_each_role_is_for_one_kind_of_job" {
  command = plan

  # The state is versioned, encrypted and out of the public's reach.
  assert {
    condition     = aws_s3_bucket.state.bucket == "chatbot-state-us-east-2-111122223333"
    error_message = "The bucket is not named after the account."
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "What was overwritten is gone."
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && one(aws_s3_bucket_server_side_encryption_configuration.state.rule).bucket_key_enabled
    )
    error_message = "The state is not encrypted with a key of our own, or each request for it is paid for."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls,
      aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls,
      aws_s3_bucket_public_access_block.state.restrict_public_buckets,
      one(aws_s3_bucket_ownership_controls.state.rule).object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "The bucket may become public."
  }

  assert {
    condition = jsonencode(jsondecode(aws_s3_bucket_policy.state.policy).Statement) == jsonencode([{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Action    = "s3:*"
      Principal = "*"
      Resource  = ["arn:aws:s3:::chatbot-state-us-east-2-111122223333/*", "arn:aws:s3:::chatbot-state-us-east-2-111122223333"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
    error_message = "The bucket answers without TLS."
  }

  assert {
    condition     = aws_kms_key.state.enable_key_rotation && aws_kms_key.state.deletion_window_in_days == 30
    error_message = "The key does not rotate, or goes sooner than anybody may notice."
  }

  assert {
    condition     = aws_kms_alias.state.name == "alias/delivery-chatbot-state"
    error_message = "Nobody finds the key by its name."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_kms_key.state.policy).Statement : statement.Sid => [statement.Principal.AWS, statement.Action]
      } == {
      PoliciesOfTheAccountDecide = ["arn:aws:iam::111122223333:root", "kms:*"]
      PlanRolesUseIt = [
        ["arn:aws:iam::111122223333:role/delivery-chatbot-prod-us-east-2-plan", "arn:aws:iam::111122223333:role/delivery-chatbot-dev-us-east-2-plan"],
        "kms:Decrypt",
      ]
      ApplyRolesUseIt = [
        ["arn:aws:iam::111122223333:role/delivery-chatbot-prod-us-east-2-apply", "arn:aws:iam::111122223333:role/delivery-chatbot-dev-us-east-2-apply"],
        ["kms:GenerateDataKey", "kms:Decrypt"],
      ]
    }
    error_message = "Others use the key of the state, or the roles use it for more than they need."
  }

  # Each role is for one kind of job of one repository and ref.
  assert {
    condition = jsonencode({
      for role in aws_iam_role.this : role.name => jsondecode(role.assume_role_policy).Statement[0].Condition
      }) == jsonencode(merge([for env in ["dev", "prod"] : {
        "delivery-chatbot-${env}-us-east-2-plan" = {
          StringEquals = {
            "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
            "token.actions.githubusercontent.com:sub" = ["repo:octo-org/octo-repo:pull_request", "repo:octo-org/octo-repo:ref:refs/heads/main"]
          }
        }
        "delivery-chatbot-${env}-us-east-2-apply" = {
          StringEquals = {
            "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
            "token.actions.githubusercontent.com:ref" = "refs/heads/main"
            "token.actions.githubusercontent.com:sub" = "repo:octo-org/octo-repo:environment:${env}"
          }
        }
    }]...))
    error_message = "A role is open to other jobs than its own."
  }

  assert {
    condition = alltrue([
      for role in aws_iam_role.this :
      length(jsondecode(role.assume_role_policy).Statement) == 1
      && jsondecode(role.assume_role_policy).Statement[0].Action == "sts:AssumeRoleWithWebIdentity"
      && jsondecode(role.assume_role_policy).Statement[0].Principal == { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
    ])
    error_message = "A role is open to somebody else than GitHub."
  }

  assert {
    condition     = one(aws_iam_openid_connect_provider.this).url == "https://token.actions.githubusercontent.com" && tolist(one(aws_iam_openid_connect_provider.this).client_id_list) == tolist(["sts.amazonaws.com"])
    error_message = "The provider is not GitHub's, or takes tokens that were made for somebody else."
  }

  # A role has the policies of its own environment.
  assert {
    condition = toset(keys(aws_iam_role_policy_attachment.this)) == toset(flatten([
      for env in ["dev", "prod"] : concat(["${env} plan reads"], [for policy in ["reads", "serving", "evidence", "limits"] : "${env} apply ${policy}"])
    ]))
    error_message = "A plan role may write, or a role lacks a policy."
  }

  assert {
    condition     = alltrue([for key, attached in aws_iam_role_policy_attachment.this : attached.role == "delivery-chatbot-${replace(regex("^\\S+ \\S+", key), " ", "-us-east-2-")}"])
    error_message = "A policy is attached to the role of another environment."
  }
}

run "a_provider_that_is_there_is_used" {
  command = plan

  variables {
    branch            = "release"
    name              = "helper"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
    repository        = "octo-org-123456/octo-repo-456789"
    state_bucket      = "the-state-of-all"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0 && aws_s3_bucket.state.bucket == "the-state-of-all"
    error_message = "A second provider of one address cannot be made, or the bucket has another name than it was given."
  }

  assert {
    condition = jsondecode(aws_iam_role.this["dev apply"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "token.actions.githubusercontent.com:ref" = "refs/heads/release"
      "token.actions.githubusercontent.com:sub" = "repo:octo-org-123456/octo-repo-456789:environment:dev"
    }
    error_message = "The subject with ids is not the one that GitHub sends."
  }
}
