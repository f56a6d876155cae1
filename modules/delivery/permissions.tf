# What the roles of an environment may do: what our modules manage, by its name where it has one, by its tags where AWS
# invents the id (API Gateway, guardrails, keys). The tags are the provider's default_tags in envs/.
locals {
  # IAM takes 6,144 characters a policy: what an environment's roles may do is in three.
  permissions = merge([for env in var.environments : {
    "${env} reads"    = { env = env, verb = "reads", on = merge(local.serving[env], local.evidence[env]) }
    "${env} serving"  = { env = env, verb = "writes", on = local.serving[env] }
    "${env} evidence" = { env = env, verb = "writes", on = local.evidence[env] }
  }]...)

  # What serves, with its state.
  serving = { for env in var.environments : env => {
    State = {
      reads     = ["s3:GetObject"]
      writes    = ["s3:PutObject"]
      resources = ["${local.bucket_arn}/${var.name}/${env}.tfstate"]
    }

    StateLock = {
      writes    = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.bucket_arn}/${var.name}/${env}.tfstate.tflock"]
    }

    StateBucket = {
      reads     = ["s3:ListBucket"]
      resources = [local.bucket_arn]
    }

    Function = {
      reads = [
        "lambda:GetAlias", "lambda:GetFunction*", "lambda:GetPolicy", "lambda:GetRuntimeManagementConfig", "lambda:ListTags",
        "lambda:ListVersionsByFunction",
      ]
      writes = [
        "lambda:*Permission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias", "lambda:DeleteFunction",
        "lambda:DeleteFunctionConcurrency", "lambda:InvokeFunction", "lambda:PublishVersion", "lambda:PutFunctionConcurrency",
        "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
      ]
      resources = ["${local.regional["lambda"]}:function:${var.name}-${env}", "${local.regional["lambda"]}:function:${var.name}-${env}:*"]
    }

    WebAcl = {
      reads = [
        "wafv2:GetIPSet", "wafv2:GetLoggingConfiguration", "wafv2:GetRegexPatternSet", "wafv2:GetWebACL", "wafv2:ListTagsForResource",
      ]
      writes = [
        "wafv2:*IPSet", "wafv2:*LoggingConfiguration", "wafv2:*RegexPatternSet", "wafv2:AssociateWebACL",
        "wafv2:CreateWebACL", "wafv2:DeleteWebACL", "wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
      ]
      resources = [
        "${local.regional["wafv2"]}:regional/*/${var.name}-${env}/*", "${local.regional["wafv2"]}:regional/*/${var.name}-${env}-*/*",
      ]
    }

    WebAclOfStage = {
      reads     = ["wafv2:GetWebACLForResource"]
      writes    = ["apigateway:SetWebACL", "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"]
      resources = ["${local.apis}/restapis/*/stages/*"]
    }

    # What a web ACL refers to: AWS's groups, and those that somebody else keeps.
    RuleGroups = {
      reads     = ["wafv2:GetRuleGroup"]
      writes    = ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"]
      resources = ["${local.regional["wafv2"]}:regional/managedruleset/*/*", "${local.regional["wafv2"]}:regional/rulegroup/*/*"]
    }

    ApiNew = {
      writes    = ["apigateway:POST"]
      resources = [for kind in ["apikeys", "domainnames", "restapis", "usageplans"] : "${local.apis}/${kind}"]
      tags      = "aws:RequestTag"
    }

    Api = {
      reads  = ["apigateway:GET"]
      writes = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"]
      resources = [
        for path in ["apikeys/*", "domainnames/*", "restapis/*", "usageplans/*"] : "${local.apis}/${path}"
      ]
      tags = "aws:ResourceTag"
    }

    # Neither has a tag. Who tags another's API makes it its own: a limit of API Gateway.
    ApiAccount = {
      reads     = ["apigateway:GET"]
      writes    = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:PUT"]
      resources = ["${local.apis}/account", "${local.apis}/tags/*"]
    }

    GuardrailNew = {
      writes    = ["bedrock:CreateGuardrail"]
      resources = ["*"]
      tags      = "aws:RequestTag"
    }

    Guardrail = {
      reads = ["bedrock:GetGuardrail", "bedrock:ListTagsForResource"]
      writes = [
        "bedrock:CreateGuardrailVersion", "bedrock:DeleteGuardrail", "bedrock:TagResource", "bedrock:UntagResource",
        "bedrock:UpdateGuardrail",
      ]
      resources = ["${local.regional["bedrock"]}:guardrail/*"]
      tags      = "aws:ResourceTag"
    }

    Table = {
      reads = ["dynamodb:Describe*", "dynamodb:GetResourcePolicy", "dynamodb:ListTagsOfResource"]
      writes = [
        "dynamodb:*Table", "dynamodb:TagResource", "dynamodb:UntagResource", "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTimeToLive",
      ]
      resources = ["${local.regional["dynamodb"]}:table/${var.name}-${env}", "${local.regional["dynamodb"]}:table/${var.name}-${env}-*"]
    }

    Roles = {
      reads = ["iam:GetRole*", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRole*"]
      writes = [
        "iam:CreateRole", "iam:DeleteRole*", "iam:PutRole*", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole*",
      ]
      resources = local.role_arns[env]
    }

    Policies = {
      reads     = ["iam:GetPolicy*", "iam:ListEntitiesForPolicy", "iam:ListPolicy*"]
      writes    = ["iam:CreatePolicy*", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion", "iam:TagPolicy", "iam:UntagPolicy"]
      resources = ["${local.iam}:policy/${local.global[env]}-*"]
    }
  } }

  # What records and alerts.
  evidence = { for env in var.environments : env => {
    # Reading what is in a log is no part of a plan.
    LogGroups = {
      reads = ["logs:DescribeMetricFilters", "logs:GetDataProtectionPolicy", "logs:ListTagsForResource"]
      writes = [
        "logs:*MetricFilter", "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteDataProtectionPolicy",
        "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:FilterLogEvents",
        "logs:PutDataProtectionPolicy", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
      ]
      resources = flatten([
        for group in [
          "/aws/apigateway/${var.name}-${env}", "/aws/bedrock/model-invocations*", "/aws/cloudtrail/${var.name}-${env}",
          "/aws/lambda/${var.name}-${env}", "aws-waf-logs-${var.name}-${env}",
        ] : ["${local.regional["logs"]}:log-group:${group}", "${local.regional["logs"]}:log-group:${group}:*"]
      ])
    }

    # AWS WAF lets its log in by an account-wide policy ("Sending web ACL traffic logs to CloudWatch Logs").
    LogDelivery = {
      reads     = ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
      writes    = ["logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:PutResourcePolicy"]
      resources = ["*"]
    }

    ModelAccount = {
      reads = ["bedrock:GetInferenceProfile", "bedrock:GetModelInvocationLoggingConfiguration"]
      writes = [
        "bedrock:DeleteModelInvocationLoggingConfiguration", "bedrock:PutModelInvocationLoggingConfiguration",
      ]
      resources = ["*"]
    }

    KeyNew = {
      writes    = ["kms:CreateKey"]
      resources = ["*"]
      tags      = "aws:RequestTag"
    }

    Key = {
      reads = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
      writes = [
        "kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
        "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
      ]
      resources = ["${local.regional["kms"]}:key/*"]
      tags      = "aws:ResourceTag"
    }

    KeyAlias = {
      writes    = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
      resources = ["${local.regional["kms"]}:alias/${var.name}-${env}"]
    }

    Trail = {
      reads = ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrail*", "cloudtrail:ListTags"]
      writes = [
        "cloudtrail:*Logging", "cloudtrail:*Tags", "cloudtrail:*Trail", "cloudtrail:PutEventSelectors",
      ]
      resources = ["${local.regional["cloudtrail"]}:trail/${local.global[env]}"]
    }

    TrailBucket = {
      reads = [
        "s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration", "s3:ListBucket",
      ]
      writes = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
      ]
      resources = ["arn:${local.partition}:s3:::${local.global[env]}-trail-*"]
    }

    Topics = {
      reads = ["sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"]
      writes = [
        "sns:CreateTopic", "sns:DeleteTopic", "sns:Set*Attributes", "sns:Subscribe", "sns:TagResource", "sns:Unsubscribe",
        "sns:UntagResource",
      ]
      resources = ["${local.regional["sns"]}:${var.name}-${env}-*"]
    }

    Alarms = {
      reads = ["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"]
      writes = [
        "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource", "cloudwatch:UntagResource",
      ]
      resources = [
        "${local.regional["cloudwatch"]}:alarm:${var.name}-${env}-*",
        "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${local.global[env]}",
      ]
    }

    Rules = {
      reads = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
      writes = [
        "events:*Rule", "events:*Targets", "events:TagResource", "events:UntagResource",
      ]
      resources = ["${local.regional["events"]}:rule/${var.name}-${env}-*"]
    }

    Budget = {
      reads     = ["budgets:ListTagsForResource", "budgets:ViewBudget"]
      writes    = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
      resources = ["arn:${local.partition}:budgets::${local.account}:budget/${local.global[env]}-*"]
    }

    # These have no resource, or AWS asks for all of them.
    Lists = {
      reads = [
        "cloudtrail:DescribeTrails", "cloudwatch:DescribeAlarms", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
        "ec2:DescribeVpcs", "kms:ListAliases", "sts:GetCallerIdentity",
      ]
      resources = ["*"]
    }
  } }

  apis     = "arn:${local.partition}:apigateway:${local.region}::"
  regional = { for service in ["bedrock", "cloudtrail", "cloudwatch", "dynamodb", "events", "kms", "lambda", "logs", "sns", "wafv2"] : service => "arn:${local.partition}:${service}:${local.region}:${local.account}" }

  # The environment's own, and the two that an account has once.
  role_arns = { for env in var.environments : env => [
    for role in ["${local.global[env]}-*", "ApiGatewayLoggingRole-${local.region}", "BedrockLoggingRole-${local.region}"] : "${local.iam}:role/${role}"
  ] }
  tags = { for env in var.environments : env => { application = var.name, environment = env } }
}

# One statement a kind of resource.
data "aws_iam_policy_document" "managed" {
  for_each = local.permissions

  dynamic "statement" {
    for_each = { for sid, one in each.value.on : sid => one if can(one[each.value.verb]) }
    content {
      sid       = statement.key
      actions   = statement.value[each.value.verb]
      resources = statement.value.resources

      dynamic "condition" {
        for_each = !can(statement.value.tags) ? {} : local.tags[each.value.env]
        content {
          test     = "StringEquals"
          variable = "${statement.value.tags}/${condition.key}"
          values   = [condition.value]
        }
      }
    }
  }
}

# What a role may be given and lent, and by whom it may be used. Who may make roles could otherwise make one that may do
# anything: a function of this environment still could, with a policy of this environment. That is what approval is for.
data "aws_iam_policy_document" "limits" {
  for_each = var.environments

  statement {
    sid       = "AttachPoliciesOfTheEnvironment"
    actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    resources = local.role_arns[each.key]

    condition {
      test     = "ArnLike"
      variable = "iam:PolicyARN"
      values   = ["${local.iam}:policy/${local.global[each.key]}-*"]
    }
  }

  statement {
    sid       = "LendRolesToTheirServices"
    actions   = ["iam:PassRole"]
    resources = local.role_arns[each.key]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = [for service in ["apigateway", "bedrock", "cloudtrail", "lambda"] : "${service}.amazonaws.com"]
    }
  }

  statement {
    sid       = "LetWafAndApiGatewayWork"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.iam}:role/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ops.apigateway.amazonaws.com", "wafv2.amazonaws.com"]
    }
  }

  # KMS asks it of who makes a key with tags; a key that is tagged already may be tagged by Key alone.
  statement {
    sid       = "TagNewKeys"
    actions   = ["kms:TagResource"]
    resources = ["*"]

    dynamic "condition" {
      for_each = local.tags[each.key]
      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/application"
      values   = ["true"]
    }
  }

  # DynamoDB makes grants on a table's key for whoever makes the table.
  statement {
    sid       = "LetTablesUseTheirKey"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["${local.regional["kms"]}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.amazonaws.com"]
    }

    dynamic "condition" {
      for_each = local.tags[each.key]
      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # Stops becoming a role that it has made itself.
  statement {
    sid       = "DenyOtherRoles"
    effect    = "Deny"
    actions   = ["sts:AssumeRole*"]
    resources = ["*"]
  }
}

locals {
  documents = merge(
    { for key, document in data.aws_iam_policy_document.managed : key => document.minified_json },
    { for env, document in data.aws_iam_policy_document.limits : "${env} limits" => document.minified_json },
  )
}

resource "aws_iam_policy" "this" {
  for_each = local.documents

  name        = "delivery-${local.global[split(" ", each.key)[0]]}-${split(" ", each.key)[1]}"
  description = "What who plans or applies ${var.name}-${split(" ", each.key)[0]} may do"
  policy      = each.value

  lifecycle {
    precondition {
      condition     = length(each.value) <= 6144
      error_message = "The policy ${each.key} is ${length(each.value)} characters long; IAM takes managed policies of at most 6,144. Shorten name or environments."
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = merge([for key, role in local.roles : {
    for policy in role.policies : "${key} ${policy}" => { role = key, policy = "${role.env} ${policy}" }
  }]...)

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = aws_iam_policy.this[each.value.policy].arn
}
