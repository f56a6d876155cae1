# What nobody may undo. One list, two policies: on the application's roles it covers everything; as a service control
# policy it covers this environment's resources for everybody in the account but the deploy roles. A Deny on one role
# does not bind other principals, so the second is what makes the first tamper-resistant.
#
# scope says what the service control policy narrows the statement to: "account" has no resource to name, or must hold
# for any; "named" is this environment's resources; "key" is its KMS key, whose id nobody knows before it exists; "bound" is
# not in it. What stands under bound is denied to bound roles only: for the whole account it would be too much.
#
# tests/tampering.toml lists what is not denied, with its reason: whatever else writes to a kind of resource that is planned
# here is denied, by AWS's own list of actions.
locals {
  tampering = {
    # Stops weakening, replacing or deleting the filter that judges prompts and answers, or lending it to another account.
    GuardrailChanges = {
      scope = "account"
      actions = [
        "bedrock:CreateGuardrail*", "bedrock:DeleteEnforcedGuardrailConfiguration", "bedrock:DeleteGuardrail",
        "bedrock:DeleteResourcePolicy", "bedrock:PutEnforcedGuardrailConfiguration", "bedrock:PutResourcePolicy",
        "bedrock:UpdateGuardrail",
      ]
    }

    # Stops turning off, or pointing elsewhere, the record of what was asked and answered.
    InvocationLoggingChanges = {
      scope = "account"
      actions = [
        "bedrock:DeleteModelInvocationLoggingConfiguration", "bedrock:PutAccountDataRetention",
        "bedrock:PutModelInvocationLoggingConfiguration",
      ]
    }

    # Stops reaching a model by a way that has no guardrail or no invocation log: batch jobs, agents, flows, other profiles,
    # the bedrock-mantle endpoint, and long-lived API keys that work from anywhere.
    UnguardedInference = {
      scope = "account"
      actions = [
        "bedrock-mantle:*", "bedrock:CallWithBearerToken", "bedrock:CreateInferenceProfile", "bedrock:CreateModelInvocationJob",
        "bedrock:CreatePromptRouter", "bedrock:CreateProvisionedModelThroughput", "bedrock:DeleteInferenceProfile",
        "bedrock:DeletePromptRouter", "bedrock:InvokeAgent", "bedrock:InvokeFlow", "bedrock:InvokeInlineAgent",
        "bedrock:OptimizePrompt", "bedrock:RetrieveAndGenerate", "bedrock:StartFlowExecution",
        "iam:CreateServiceSpecificCredential",
      ]
      bound = [
        "bedrock:Associate*", "bedrock:Create*", "bedrock:Delete*", "bedrock:InvokeB*", "bedrock:InvokeDataAutomation*",
        "bedrock:Rerank", "bedrock:Start*", "bedrock:Update*",
      ]
    }

    # Stops buying into other models, and leaving the one in use.
    ModelAccessChanges = {
      scope = "account"
      actions = [
        "bedrock:CreateFoundationModelAgreement", "bedrock:CreateMarketplaceModelEndpoint",
        "bedrock:DeleteFoundationModelAgreement", "bedrock:PutFoundationModelEntitlement", "bedrock:PutUseCaseForModelAccess",
        "bedrock:RegisterMarketplaceModelEndpoint", "bedrock:UpdateMarketplaceModelEndpoint",
      ]
    }

    # Stops taking this very policy or the boundary off, rewriting them, and becoming or lending one of the roles. Bound roles
    # make no principal at all, give none a permission or a key, and become nobody else: whoever that is may not be bound.
    PrivilegeChanges = {
      scope = "named"
      actions = [
        "iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:Delete*", "iam:DetachRolePolicy", "iam:PassRole",
        "iam:PutRole*", "iam:SetDefaultPolicyVersion", "iam:Update*", "sts:AssumeRole",
      ]
      bound = [
        "iam:A*", "iam:ChangePassword", "iam:Create*", "iam:D*", "iam:Enable*", "iam:P*", "iam:R*", "iam:Se*", "iam:U*",
        "sts:AssumeRoot", "sts:GetDelegatedAccessToken", "sts:GetFederationToken", "sts:GetWebIdentityToken",
      ]
    }

    # Stops putting other code, settings or callers in the function's place, or lifting what bounds its spending.
    FunctionChanges = {
      scope = "named"
      actions = [
        "lambda:*Permission", "lambda:*Replication", "lambda:Create*", "lambda:Delete*", "lambda:Publish*", "lambda:Put*",
        "lambda:Update*",
      ]
    }

    # Stops taking from the API its key, its schema, its limits or its web ACL, and opening another door beside it. Not in the
    # service control policy: AWS invents the ids of an API, its keys and its plans. The alert api-changed watches them.
    ApiChanges = {
      scope = "bound"
      actions = [
        "apigateway:AddCertificateToDomain", "apigateway:Create*", "apigateway:Delete*", "apigateway:PATCH", "apigateway:POST",
        "apigateway:PUT", "apigateway:Re*", "apigateway:SetWebACL", "apigateway:Update*",
      ]
    }

    # Stops erasing logs, shortening their life, making them unreadable, unmasking, masking or copying them out, and unhooking
    # the filters that raise alarms from them. Writing log events stays allowed.
    LogTampering = {
      scope = "named"
      actions = [
        "logs:AssociateKmsKey", "logs:CreateExportTask", "logs:Delete*", "logs:DisassociateKmsKey", "logs:Integrate*",
        "logs:ProcessWithPipeline", "logs:PutBearerTokenAuthentication", "logs:PutDataProtectionPolicy",
        "logs:PutLogGroupDeletionProtection", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:PutSubscriptionFilter",
        "logs:PutSyslogConfiguration", "logs:PutTransformer",
      ]
      bound = [
        "logs:AssociateSource*", "logs:Link", "logs:PutIntegration", "logs:PutPipelineRule", "logs:PutStorageTierPolicy",
        "logs:Unmask", "logs:UpdateLogDelivery",
      ]
    }

    # Stops doing the same to every log group at once.
    AccountLogPolicies = {
      scope = "account"
      actions = [
        "logs:DeleteAccountPolicy", "logs:DeleteResourcePolicy", "logs:PutAccountPolicy", "logs:PutResourcePolicy",
      ]
    }

    # Stops blinding the audit trail before an attack.
    TrailTampering = {
      scope   = "named"
      actions = ["cloudtrail:Delete*", "cloudtrail:Put*", "cloudtrail:Stop*", "cloudtrail:Update*"]
    }

    # Stops deleting the trail's records, making them unreadable, forging or copying them, or loosening the bucket until that is
    # possible. CloudTrail writes as itself, which no policy here binds.
    EvidenceDeletion = {
      scope = "named"
      actions = [
        "s3:BypassGovernanceRetention", "s3:Delete*", "s3:Put*", "s3:Replicate*", "s3:Update*",
      ]
      bound = ["s3:Create*"]
    }

    # Stops taking the web ACL off the API, emptying its rules, and silencing its log.
    EdgeRemoval = {
      scope = "named"
      actions = [
        "wafv2:AssociateWebACL", "wafv2:Delete*", "wafv2:Disassociate*", "wafv2:Put*", "wafv2:Update*",
      ]
    }

    # Stops muting the alarms, the events and the budget that alert somebody, at their source, on their way or at the topic.
    AlertSilencing = {
      scope = "named"
      actions = [
        "budgets:ModifyBudget", "cloudwatch:Delete*", "cloudwatch:DisableAlarmActions", "cloudwatch:Put*", "cloudwatch:SetAlarmState",
        "events:Delete*", "events:DisableRule", "events:Put*", "events:RemoveTargets", "sns:*Permission", "sns:DeleteTopic",
        "sns:PutDataProtectionPolicy", "sns:Set*", "sns:Subscribe", "sns:Unsubscribe",
      ]
      bound = ["events:RemovePermission", "sns:Publish"]
    }

    # Stops deleting the table of budgets and conversations, lending it to another account, and copying or replacing it. Items
    # stay the function's own work.
    TableTampering = {
      scope   = "named"
      actions = ["dynamodb:DeleteT*", "dynamodb:UpdateT*"]
      bound = [
        "dynamodb:A*", "dynamodb:BatchW*", "dynamodb:Create*", "dynamodb:DeleteB*", "dynamodb:DeleteG*", "dynamodb:DeleteR*",
        "dynamodb:Di*", "dynamodb:E*", "dynamodb:I*", "dynamodb:PartiQLD*", "dynamodb:PartiQLI*", "dynamodb:PartiQLU*",
        "dynamodb:Purchase*", "dynamodb:PutR*", "dynamodb:Rep*", "dynamodb:Res*", "dynamodb:St*", "dynamodb:UpdateA*",
        "dynamodb:UpdateC*", "dynamodb:UpdateG*", "dynamodb:UpdateK*", "dynamodb:W*",
      ]
    }

    # Stops making all of the evidence unreadable at once.
    KeyLoss = {
      scope   = "key"
      actions = ["kms:DeleteImportedKeyMaterial", "kms:Disable*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
      bound   = ["kms:CreateGrant", "kms:Re*Grant"] # which are DynamoDB's, if anybody's
    }

    # Stops taking from the key the name that it is protected by.
    AliasLoss = {
      scope   = "named"
      actions = ["kms:DeleteAlias", "kms:UpdateAlias"]
    }
  }

  scopes = {
    account = ["*"]
    key     = ["*"]
    named = concat(
      [for role in local.service_roles : "${local.iam_arn_prefix}role/${role}"],
      ["${local.iam_arn_prefix}policy/${local.global_name}-*"],
      [
        for group in distinct([for group in local.log_groups : replace(group, "/^/aws/[a-z]+/${var.name}$/", "/aws/*/${var.name}")]) :
        "${local.log_group_arn_prefix}${group}*"
      ],
      var.trail == null ? [] : [local.trail_arn, "${local.trail_bucket_arn}*"],
      [
        "arn:${local.partition}:apigateway:${local.region}::/restapis/*/stages/*",
        "arn:${local.partition}:wafv2:${local.region}:${local.account}:regional/*/${var.name}*",
        "${local.cloudwatch_arn_prefix}alarm:${var.name}-*",
        "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-*",
        "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}*",
        "arn:${local.partition}:dynamodb:*:*:table/${var.name}*",
        "arn:${local.partition}:budgets::${local.account}:budget/${local.global_name}-*",
        "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${local.global_name}*",
        "${local.topic_arn}*",
        "arn:${local.partition}:kms:${local.region}:${local.account}:${local.key_alias}",
      ],
    )
  }
}

data "aws_iam_policy_document" "deny_tampering" {
  dynamic "statement" {
    for_each = local.tampering
    content {
      sid       = "Deny${statement.key}"
      effect    = "Deny"
      actions   = concat(statement.value.actions, try(statement.value.bound, []))
      resources = ["*"]
    }
  }
}

resource "aws_iam_policy" "deny_tampering" {
  name        = local.deny_policy_name
  description = "What no role of ${var.name} may undo"
  policy      = data.aws_iam_policy_document.deny_tampering.minified_json
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.deny_tampering.minified_json) <= 6144
      error_message = "The deny policy is ${length(data.aws_iam_policy_document.deny_tampering.minified_json)} characters long; IAM takes managed policies of at most 6,144."
    }
  }
}

resource "aws_iam_role_policy_attachment" "deny_tampering" {
  for_each = toset(var.bound_role_names)

  role       = each.value
  policy_arn = aws_iam_policy.deny_tampering.arn
}

# For the management account to attach. One statement a scope, since a service control policy may have 5,120 characters
# and each statement repeats the exception. Actions meet only resources of their own kind, so nothing widens by that.
data "aws_iam_policy_document" "scp" {
  dynamic "statement" {
    for_each = local.scopes
    content {
      sid       = "DenyTampering${title(statement.key)}"
      effect    = "Deny"
      actions   = flatten([for rule in values(local.tampering) : rule.actions if rule.scope == statement.key])
      resources = statement.value

      # Break glass: only those who deploy, by their exact role.
      condition {
        test     = "ArnNotLike"
        variable = "aws:PrincipalArn"
        values   = var.deploy_role_arns
      }

      # By its alias, which AliasLoss keeps on it.
      dynamic "condition" {
        for_each = statement.key == "key" ? [1] : []
        content {
          test     = "ForAnyValue:StringEquals"
          variable = "kms:ResourceAliases"
          values   = [local.key_alias]
        }
      }
    }
  }
}
