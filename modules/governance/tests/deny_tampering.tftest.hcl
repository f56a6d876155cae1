# The real provider, offline: the policies asserted on are the JSON that AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  name             = "chatbot-test"
  deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
  watched = {
    api_name          = "chatbot-test"
    api_stage         = "v1"
    function_name     = "chatbot-test"
    metrics_namespace = "Chatbot"
    web_acl_name      = "chatbot-test"
  }
}

run "every_way_of_tampering_is_denied" {
  command = plan

  # Each name must be matched by an action of the policy, which may end in a wildcard.
  assert {
    condition = length([
      for action in [
        "bedrock:DeleteGuardrail", "bedrock:UpdateGuardrail", "bedrock:CreateGuardrail", "bedrock:CreateGuardrailVersion",
        "bedrock:PutModelInvocationLoggingConfiguration", "bedrock:DeleteModelInvocationLoggingConfiguration",
        "bedrock:PutEnforcedGuardrailConfiguration", "bedrock:DeleteEnforcedGuardrailConfiguration",
        "bedrock:PutResourcePolicy", "bedrock:DeleteResourcePolicy", "bedrock:PutAccountDataRetention",
        "bedrock:CreateInferenceProfile", "bedrock:DeleteInferenceProfile", "bedrock:CreatePromptRouter", "bedrock:DeletePromptRouter",
        "bedrock:CreateModelInvocationJob", "bedrock:CreateProvisionedModelThroughput",
        "bedrock:CreateFoundationModelAgreement", "bedrock:DeleteFoundationModelAgreement",
        "bedrock:PutFoundationModelEntitlement", "bedrock:PutUseCaseForModelAccess",
        "bedrock:CreateMarketplaceModelEndpoint", "bedrock:UpdateMarketplaceModelEndpoint", "bedrock:RegisterMarketplaceModelEndpoint",
        "bedrock:InvokeAgent", "bedrock:InvokeInlineAgent", "bedrock:InvokeFlow", "bedrock:RetrieveAndGenerate",
        "bedrock:OptimizePrompt", "bedrock:CallWithBearerToken", "bedrock-mantle:CreateInference", "bedrock-mantle:CallWithBearerToken",
        "iam:CreateServiceSpecificCredential", "iam:PassRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy",
        "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary",
        "iam:UpdateRole", "iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy",
        "logs:DisassociateKmsKey", "logs:AssociateKmsKey", "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy",
        "logs:PutLogGroupDeletionProtection", "logs:PutSubscriptionFilter", "logs:DeleteSubscriptionFilter",
        "logs:PutResourcePolicy", "logs:DeleteResourcePolicy", "logs:PutMetricFilter", "logs:DeleteMetricFilter",
        "logs:PutAccountPolicy", "logs:DeleteAccountPolicy", "logs:PutTransformer", "logs:DeleteTransformer",
        "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
        "cloudtrail:PutInsightSelectors", "cloudtrail:PutEventConfiguration", "cloudtrail:DeleteEventDataStore",
        "cloudtrail:UpdateEventDataStore", "cloudtrail:StopEventDataStoreIngestion", "cloudtrail:DeleteResourcePolicy",
        "wafv2:DisassociateWebACL", "wafv2:AssociateWebACL", "wafv2:UpdateWebACL", "wafv2:DeleteWebACL",
        "wafv2:DeleteLoggingConfiguration", "wafv2:PutLoggingConfiguration", "wafv2:UpdateRegexPatternSet",
        "wafv2:DeleteRegexPatternSet", "wafv2:UpdateIPSet", "wafv2:DeleteRuleGroup", "wafv2:UpdateRuleGroup",
        "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:DeleteAlias", "kms:UpdateAlias",
        "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:BypassGovernanceRetention",
        "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketVersioning", "s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration",
        "cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions", "cloudwatch:SetAlarmState", "cloudwatch:PutMetricAlarm",
        "cloudwatch:PutAlarmMuteRule",
        "events:DisableRule", "events:DeleteRule", "events:RemoveTargets", "events:PutRule", "events:PutTargets",
        "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:SetSubscriptionAttributes", "sns:RemovePermission", "sns:Unsubscribe",
        ] : action if !anytrue([
          for pattern in flatten([
            for statement in jsondecode(aws_iam_policy.deny_tampering.policy).Statement :
            statement.Action if statement.Effect == "Deny" && statement.Resource == "*" && !can(statement.Condition)
          ]) : can(regex("^${replace(pattern, "*", ".*")}$", action))
      ])
    ]) == 0
    error_message = "Somebody with an application role could undo a control."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.deny_tampering.policy).Statement : statement.Effect == "Deny"])
    error_message = "The deny policy must allow nothing."
  }
}

run "what_the_function_needs_is_not_denied" {
  command = plan

  assert {
    condition = length([
      for action in [
        "bedrock:InvokeModel", "bedrock:ApplyGuardrail", "bedrock:GetGuardrail", "bedrock:GetInferenceProfile",
        "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
        ] : action if anytrue([
          for pattern in flatten([
            for statement in concat(
              jsondecode(aws_iam_policy.deny_tampering.policy).Statement,
              jsondecode(data.aws_iam_policy_document.scp.json).Statement,
            ) : statement.Action
          ]) : can(regex("^${replace(pattern, "*", ".*")}$", action))
      ])
    ]) == 0
    error_message = "The policy would stop the chatbot itself."
  }
}

run "both_policies_fit_their_limits" {
  command = plan

  variables {
    name = "chatbot-an-environment-1" # The longest that modules/chatbot makes.
    deploy_role_arns = [
      "arn:aws:iam::111122223333:role/deploy",
      "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/us-east-2/AWSReservedSSO_PlatformAdministrator_0123456789abcdef",
    ]
  }

  assert {
    condition     = length(data.aws_iam_policy_document.deny_tampering.minified_json) <= 6144
    error_message = "A managed policy has at most 6,144 characters."
  }

  assert {
    condition     = length(output.scp_json) <= 5120
    error_message = "A service control policy has at most 5,120 characters."
  }
}

run "a_service_control_policy_that_grew_too_long_is_refused" {
  command = plan

  variables {
    deploy_role_arns = [for i in range(12) : "arn:aws:iam::111122223333:role/team-${i}/a-rather-long-path/deploy-the-chatbot"]
    trail            = null # its filter has a limit of its own
  }

  expect_failures = [output.scp_json]
}

run "the_organisations_policy_denies_the_same_and_spares_the_deploy_roles" {
  command = plan

  assert {
    condition = toset(flatten(jsondecode(output.scp_json).Statement[*].Action)) == toset(
      flatten(jsondecode(aws_iam_policy.deny_tampering.policy).Statement[*].Action)
    )
    error_message = "The two policies must deny the same actions."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.scp_json).Statement :
      statement.Effect == "Deny" && statement.Condition.ArnNotLike == { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/deploy" }
    ])
    error_message = "Every statement must spare the deploy roles, and nobody else."
  }

  assert {
    condition = one([
      for statement in jsondecode(output.scp_json).Statement :
      statement.Condition["ForAnyValue:StringEquals"] if statement.Sid == "DenyTamperingKey"
    ]) == { "kms:ResourceAliases" = "alias/chatbot-test" }
    error_message = "Other keys of the account are nobody's business here."
  }

  assert {
    condition = toset(one([
      for statement in jsondecode(output.scp_json).Statement : statement.Resource if statement.Sid == "DenyTamperingNamed"
      ])) == toset([
      "arn:aws:apigateway:us-east-2::/restapis/*/stages/*",
      "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test",
      "arn:aws:cloudwatch:us-east-2:111122223333:alarm:chatbot-test-*",
      "arn:aws:events:us-east-2:111122223333:rule/chatbot-test-*",
      "arn:aws:iam::111122223333:policy/chatbot-test-*",
      "arn:aws:iam::111122223333:role/ApiGatewayLoggingRole",
      "arn:aws:iam::111122223333:role/BedrockLoggingRole",
      "arn:aws:iam::111122223333:role/chatbot-test-*",
      "arn:aws:kms:us-east-2:111122223333:alias/chatbot-test",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/apigateway/chatbot-test*",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/bedrock/model-invocations*",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/cloudtrail/chatbot-test*",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/lambda/chatbot-test*",
      "arn:aws:logs:us-east-2:111122223333:log-group:aws-waf-logs-chatbot-test*",
      "arn:aws:s3:::chatbot-test-trail-111122223333",
      "arn:aws:s3:::chatbot-test-trail-111122223333/*",
      "arn:aws:sns:us-east-2:111122223333:chatbot-test-alerts*",
      "arn:aws:wafv2:us-east-2:111122223333:regional/*/chatbot-test*",
    ])
    error_message = "The organisation's policy must cover this environment's resources and leave others alone."
  }
}

run "without_deploy_roles_there_is_no_organisation_policy_to_be_locked_out_by" {
  command = plan

  variables {
    deploy_role_arns = []
  }

  assert {
    condition     = output.scp_json == null
    error_message = "A service control policy without an exception would lock out the deployment."
  }
}

run "the_policys_arn_is_known_before_it_is_made" {
  command = plan

  assert {
    condition     = output.deny_policy_arn == "arn:aws:iam::111122223333:policy/chatbot-test-deny-tampering" && aws_iam_policy.deny_tampering.name == "chatbot-test-deny-tampering"
    error_message = "Other modules attach the policy by this ARN."
  }
}

run "further_roles_can_be_bound" {
  command = plan

  variables {
    bound_role_names = ["operators"]
  }

  assert {
    condition     = aws_iam_role_policy_attachment.deny_tampering["operators"].role == "operators"
    error_message = "The named role is not bound."
  }
}
