# The real provider, offline: the policies asserted on are the JSON that AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "far"
  region                      = "ap-southeast-2" # None has a longer name.
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

run "tampering_is_denied_everywhere_and_nothing_is_allowed" {
  command = plan

  # Which actions, tests/terraform/test_tampering.py derives from AWS's own list.
  assert {
    condition = length(jsondecode(aws_iam_policy.deny_tampering.policy).Statement) > 10 && alltrue([
      for statement in jsondecode(aws_iam_policy.deny_tampering.policy).Statement :
      statement.Effect == "Deny" && statement.Resource == "*" && !can(statement.Condition)
    ])
    error_message = "The deny policy must deny, whatever the resource and the circumstances."
  }

  assert {
    condition     = alltrue([for name in ["AccountLogPolicies", "GuardrailChanges", "KeyLoss", "TrailTampering"] : length(local.denied_events[name]) > 2])
    error_message = "A list of events that rules watch is empty."
  }

  # What the function needs is not denied.
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

  # The organisation's policy denies the same, and spares the deploy roles.
  # But what only bound roles are denied: ids that AWS invents, and what others of the account may do.
  assert {
    condition = toset(flatten(jsondecode(output.scp_json).Statement[*].Action)) == setsubtract(
      flatten([for rule in values(local.tampering) : rule.actions]), local.tampering.ApiChanges.actions
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
      "arn:aws:budgets::111122223333:budget/chatbot-test-us-east-2-*",
      "arn:aws:cloudtrail:us-east-2:111122223333:trail/chatbot-test-us-east-2",
      "arn:aws:cloudwatch::111122223333:dashboard/chatbot-test-us-east-2*",
      "arn:aws:cloudwatch:us-east-2:111122223333:alarm:chatbot-test-*",
      "arn:aws:dynamodb:*:*:table/chatbot-test*",
      "arn:aws:events:us-east-2:111122223333:rule/chatbot-test-*",
      "arn:aws:iam::111122223333:policy/chatbot-test-us-east-2-*",
      "arn:aws:iam::111122223333:role/ApiGatewayLoggingRole-us-east-2",
      "arn:aws:iam::111122223333:role/BedrockLoggingRole-us-east-2",
      "arn:aws:iam::111122223333:role/chatbot-test-us-east-2-*",
      "arn:aws:kms:us-east-2:111122223333:alias/chatbot-test",
      "arn:aws:lambda:us-east-2:111122223333:function:chatbot-test*",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/*/chatbot-test*",
      "arn:aws:logs:us-east-2:111122223333:log-group:/aws/bedrock/model-invocations*",
      "arn:aws:logs:us-east-2:111122223333:log-group:aws-waf-logs-chatbot-test*",
      "arn:aws:s3:::chatbot-test-us-east-2-trail-111122223333*",
      "arn:aws:sns:us-east-2:111122223333:chatbot-test-alerts*",
      "arn:aws:wafv2:us-east-2:111122223333:regional/*/chatbot-test*",
    ])
    error_message = "The organisation's policy must cover this environment's resources and leave others alone."
  }

  # The policy's ARN is known before it is made.
  assert {
    condition     = output.deny_policy_arn == "arn:aws:iam::111122223333:policy/chatbot-test-us-east-2-deny-tampering" && aws_iam_policy.deny_tampering.name == "chatbot-test-us-east-2-deny-tampering"
    error_message = "Other modules attach the policy by this ARN."
  }
}

run "further_roles_can_be_bound_and_call_no_model_without_the_guardrail" {
  command = plan

  variables {
    bound_role_names = ["operators"]
  }

  assert {
    condition = jsondecode(aws_iam_policy.require_guardrail.policy).Statement[0] == {
      Sid       = "DenyInferenceWithoutGuardrail"
      Effect    = "Deny"
      Action    = ["bedrock:InvokeModelWithResponseStream", "bedrock:InvokeModel"]
      Resource  = "arn:aws:bedrock:*::foundation-model/*"
      Condition = { ArnNotLike = { "bedrock:GuardrailIdentifier" = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12:*" } }
    }
    error_message = "A model can be called without a published version of the guardrail."
  }

  assert {
    condition = (
      jsondecode(aws_iam_policy.require_guardrail.policy).Statement[1].Effect == "Deny" &&
      toset(jsondecode(aws_iam_policy.require_guardrail.policy).Statement[1].NotResource) == toset([
        "arn:aws:bedrock:*::foundation-model/*", "arn:aws:bedrock:*:*:inference-profile/*", "arn:aws:bedrock:*:*:project/*",
      ])
    )
    error_message = "A custom, imported or bought model can be called, with no guardrail."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.require_guardrail["operators"].role == "operators"
    error_message = "The named role is not bound."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.deny_tampering["operators"].role == "operators"
    error_message = "The named role is not bound."
  }
}

run "both_policies_fit_their_limits" {
  command   = plan
  providers = { aws = aws.far }

  variables {
    name = "chatbot-an-environment-1" # The longest that modules/chatbot makes.
    deploy_role_arns = [
      "arn:aws:iam::111122223333:role/deploy",
      "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/us-east-2/AWSReservedSSO_PlatformAdministrator_0123456789abcdef",
    ]
  }

  assert {
    condition     = max([for policy in [aws_iam_policy.deny_tampering, aws_iam_policy.require_guardrail] : length(policy.policy)]...) <= 6144
    error_message = "A managed policy has at most 6,144 characters."
  }

  assert {
    condition     = length(output.scp_json) <= 5120
    error_message = "A service control policy has at most 5,120 characters."
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
