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
  name = "chatbot-test"
}

run "by_default_evidence_is_complete_encrypted_and_nobody_elses_to_write" {
  command = plan

  # Each service may use the key for one thing.
  assert {
    condition = {
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      statement.Sid => jsonencode(try(statement.Condition, {})) if can(statement.Principal.Service)
      } == {
      LogsOfTheseGroups = jsonencode({
        ArnEquals = {
          "kms:EncryptionContext:aws:logs:arn" = [
            "arn:aws:logs:us-east-2:111122223333:log-group:/aws/lambda/chatbot-test",
            "arn:aws:logs:us-east-2:111122223333:log-group:/aws/apigateway/chatbot-test",
            "arn:aws:logs:us-east-2:111122223333:log-group:aws-waf-logs-chatbot-test",
            "arn:aws:logs:us-east-2:111122223333:log-group:/aws/cloudtrail/chatbot-test",
            "arn:aws:logs:us-east-2:111122223333:log-group:/aws/bedrock/model-invocations",
          ]
        }
      })
      TrailEncryptsRecords = jsonencode({
        ArnEquals = {
          "aws:SourceArn"                            = "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2"
          "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2"
        }
      })
      TrailLooksAtKey       = jsonencode({ ArnEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2" } })
      AlarmsOfThisAccount   = jsonencode({ StringEquals = { "aws:SourceAccount" = "111122223333" } })
      BudgetAndTamperEvents = jsonencode({}) # source conditions would drop every event
    }
    error_message = "A service may use the key for more, or for less, than promised."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_kms_key.this[0].policy).Statement : statement.Resource == "*"])
    error_message = "A statement of the key's policy is about something else than the key."
  }

  # The account manages the key but reads only the trail with it.
  assert {
    condition = length([
      for action in flatten([
        for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
        statement.Action if can(statement.Principal.AWS) && !can(statement.Condition)
      ]) : action if strcontains(action, "*") || can(regex("Decrypt|Encrypt$|DataKey|Grant$", replace(action, "RevokeGrant", "")))
    ]) == 0
    error_message = "The account's principals must not decrypt logs with the key."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      statement.Action == "kms:Decrypt" && statement.Condition == {
        ArnEquals = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2" }
      } if statement.Sid == "AccountReadsTrail"
    ])
    error_message = "Investigators must be able to decrypt the trail, and nothing else."
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "The key must rotate, and wait 30 days before it is gone."
  }

  # Only Bedrock of this account becomes the logging role.
  assert {
    condition = jsondecode(aws_iam_role.bedrock_logging[0].assume_role_policy).Statement == [{
      Sid       = "BedrockOfThisAccount"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "bedrock.amazonaws.com" }
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:aws:bedrock:us-east-2:111122223333:*" }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      }
    }]
    error_message = "The logging role could be used on behalf of another account."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.bedrock_logging[0].policy).Statement == [{
      Sid      = "WriteInvocationRecords"
      Effect   = "Allow"
      Action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
      Resource = "arn:aws:logs:us-east-2:111122223333:log-group:/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations"
    }]
    error_message = "The logging role may write more than its own stream."
  }

  assert {
    condition     = aws_iam_role.bedrock_logging[0].name == "BedrockLoggingRole-us-east-2"
    error_message = "The role's name is part of the promise."
  }

  # Every invocation is logged, encrypted and for a time.
  # An object in version 5 of the provider, a list of blocks in 6: one(…[*]) reads both.
  assert {
    condition = alltrue([
      one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).text_data_delivery_enabled,
      one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).image_data_delivery_enabled,
      one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).embedding_data_delivery_enabled,
      one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).video_data_delivery_enabled,
      one(one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).cloudwatch_config[*]).log_group_name == "/aws/bedrock/model-invocations",
    ])
    error_message = "Some invocations would leave no record."
  }

  assert {
    condition     = aws_cloudwatch_log_group.invocations[0].retention_in_days == 365
    error_message = "Prompts must not be kept for ever."
  }

  # Who reads the invocation log sees personal data masked.
  assert {
    condition     = aws_cloudwatch_log_data_protection_policy.invocations[0].log_group_name == "/aws/bedrock/model-invocations"
    error_message = "Prompts are in this group."
  }

  assert {
    condition = alltrue([
      for name in ["EmailAddress", "CreditCardNumber", "PhoneNumber-US", "Ssn-US", "Name", "Address", "AwsSecretKey"] : alltrue([
        for statement in jsondecode(data.aws_cloudwatch_log_data_protection_policy_document.invocations.json).Statement :
        contains(statement.DataIdentifier, "arn:aws:dataprotection::aws:data-identifier/${name}")
      ])
    ])
    error_message = "Audit and mask must name the same identifiers, and these among them."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_cloudwatch_log_data_protection_policy_document.invocations.json).Statement : keys(statement.Operation)
    ] == [["Audit"], ["Deidentify"]]
    error_message = "CloudWatch Logs takes one audit and one mask."
  }

  # Without a bucket large bodies go nowhere.
  assert {
    condition     = length(one(one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).cloudwatch_config[*]).large_data_delivery_s3_config[*]) == 0
    error_message = "Nobody asked for a bucket."
  }

  # The trail covers all regions and every guardrail decision.
  assert {
    condition = (
      aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].include_global_service_events &&
      aws_cloudtrail.this[0].enable_log_file_validation && aws_cloudtrail.this[0].enable_logging
    )
    error_message = "The trail has a hole."
  }

  assert {
    condition = toset([
      for selector in aws_cloudtrail.this[0].advanced_event_selector :
      join(" ", sort(flatten(selector.field_selector[*].equals)))
    ]) == toset(["Management", "AWS::Bedrock::Guardrail Data"])
    error_message = "The trail must record management events and the guardrail's decisions, unfiltered."
  }

  assert {
    condition     = aws_cloudwatch_log_group.trail[0].name == "/aws/cloudtrail/chatbot-test" && aws_cloudwatch_log_group.trail[0].retention_in_days == 365
    error_message = "The trail's copy for alarms is missing."
  }

  assert {
    condition = (
      !can(jsondecode(aws_iam_role.trail[0].assume_role_policy).Statement[0].Condition) &&
      jsondecode(aws_iam_role_policy.trail[0].policy).Statement[*].Resource == ["arn:aws:logs:us-east-2:111122223333:log-group:/aws/cloudtrail/chatbot-test:log-stream:111122223333_CloudTrail_us-east-2*"]
    )
    error_message = "The trail's role has a condition, with which CloudTrail delivers nothing to CloudWatch Logs, or it may write elsewhere."
  }

  # Records cannot be deleted, overwritten or read in public.
  assert {
    condition = (
      aws_s3_bucket.trail[0].object_lock_enabled && !aws_s3_bucket.trail[0].force_destroy &&
      aws_s3_bucket_versioning.trail[0].versioning_configuration[0].status == "Enabled" &&
      aws_s3_bucket_object_lock_configuration.trail[0].rule[0].default_retention[0].mode == "GOVERNANCE" &&
      aws_s3_bucket_object_lock_configuration.trail[0].rule[0].default_retention[0].days == 365
    )
    error_message = "A record could be deleted before its time."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.trail[0].block_public_acls,
      aws_s3_bucket_public_access_block.trail[0].block_public_policy,
      aws_s3_bucket_public_access_block.trail[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.trail[0].restrict_public_buckets,
      aws_s3_bucket_ownership_controls.trail[0].rule[0].object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "The bucket could become public."
  }

  assert {
    condition = one([
      for rule in aws_s3_bucket_server_side_encryption_configuration.trail[0].rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "The bucket must encrypt with the key."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].status == "Enabled" &&
      aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].expiration[0].days == 365 &&
      aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 1 &&
      aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    )
    error_message = "A record goes when its lock ends, with what was overwritten and what was never finished."
  }

  # Only this trail writes to the bucket and only over TLS.
  assert {
    condition = jsondecode(aws_s3_bucket_policy.trail[0].policy).Statement == [
      {
        Sid       = "TrailChecksBucket"
        Effect    = "Allow"
        Action    = "s3:GetBucketAcl"
        Resource  = "arn:aws:s3:::chatbot-test-us-east-2-trail-111122223333"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2" } }
      },
      {
        Sid       = "TrailWritesRecords"
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::chatbot-test-us-east-2-trail-111122223333/AWSLogs/111122223333/*"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2" }
          StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" }
        }
      },
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::chatbot-test-us-east-2-trail-111122223333/*", "arn:aws:s3:::chatbot-test-us-east-2-trail-111122223333"]
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
    error_message = "Somebody else could write to the trail's bucket, or read it without TLS."
  }

  # API Gateway gets a role for its access logs.
  assert {
    condition     = aws_iam_role.api_gateway[0].name == "ApiGatewayLoggingRole-us-east-2" && jsondecode(aws_iam_role.api_gateway[0].assume_role_policy).Statement[0].Principal == { Service = "apigateway.amazonaws.com" }
    error_message = "Access logs need the account's role."
  }

  assert {
    condition = alltrue([
      for action in jsondecode(aws_iam_role_policy.api_gateway[0].policy).Statement[0].Action : startswith(action, "logs:") && !strcontains(action, "Delete")
    ])
    error_message = "The role writes logs and does nothing else."
  }
}

run "what_the_key_encrypted_before_a_hand_over_stays_readable" {
  command = plan

  variables {
    former_log_groups  = ["/aws/bedrock/model-invocations", "/prompts"]
    invocation_logging = null
    trail              = null
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      statement.Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"] if statement.Sid == "LogsOfTheseGroups"
      ]) == [
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/lambda/chatbot-test",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/apigateway/chatbot-test",
      "arn:aws:logs:us-east-2:111122223333:log-group:aws-waf-logs-chatbot-test",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/bedrock/model-invocations",
      "arn:aws:logs:us-east-2:111122223333:log-group:/prompts",
    ]
    error_message = "Prompts of before the hand-over could never be read again, or CloudWatch Logs may use the key for more groups."
  }
}

run "large_bodies_go_to_a_bucket_and_a_governance_locked_trail_may_be_destroyed_when_asked_for" {
  command = plan

  variables {
    invocation_logging = { large_data_bucket = "prompts-of-ours" }
    trail              = { force_destroy = true, object_lock_days = 1, object_lock_mode = "GOVERNANCE", log_retention_days = 7 }
  }

  # Bodies over 100 kb go to a bucket when one is named.
  assert {
    condition     = one(one(one(aws_bedrock_model_invocation_logging_configuration.this[0].logging_config[*]).cloudwatch_config[*]).large_data_delivery_s3_config[*].bucket_name) == "prompts-of-ours"
    error_message = "Large bodies would leave no record."
  }

  # A governance locked trail may be destroyed when asked for.
  assert {
    condition     = aws_s3_bucket.trail[0].force_destroy && aws_cloudwatch_log_group.trail[0].retention_in_days == 7
    error_message = "A short-lived environment must be able to go away."
  }
}

run "an_environment_that_owns_no_singleton_touches_none" {
  command = plan

  variables {
    api_gateway_log_role = null
    invocation_logging   = null
    trail                = null
  }

  assert {
    condition = (
      length(aws_api_gateway_account.this) + length(aws_iam_role.api_gateway) +
      length(aws_bedrock_model_invocation_logging_configuration.this) + length(aws_iam_role.bedrock_logging) + length(aws_cloudwatch_log_group.invocations) + length(aws_cloudwatch_log_data_protection_policy.invocations) +
      length(aws_cloudtrail.this) + length(aws_s3_bucket.trail) + length(aws_s3_bucket_policy.trail) + length(aws_cloudwatch_log_group.trail) == 0
    )
    error_message = "A second environment in the account would fight over what the first one owns."
  }

  assert {
    condition = (
      output.api_gateway_log_role_arn == null && output.invocation_log_group_name == null &&
      output.trail_bucket == null && output.trail_log_group_name == null
    )
    error_message = "What is not managed here has no output."
  }

  assert {
    condition     = !strcontains(aws_kms_key.this[0].policy, "cloudtrail") && !strcontains(output.scp_json, "cloudtrail:us-east-2")
    error_message = "Without a trail nothing may be said about one."
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "trail-silent") && contains(keys(aws_cloudwatch_metric_alarm.this), "api-5xx")
    error_message = "The alarms must follow what is there."
  }
}
