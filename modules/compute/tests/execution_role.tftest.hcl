# The real provider, offline: the policies asserted on are the JSON that AWS would be sent.
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

run "the_role_may_do_these_things_and_nothing_else" {
  command = plan

  # Whole statements, so that a wider action, resource or condition anywhere is a difference.
  assert {
    condition = jsondecode(data.aws_iam_policy_document.invoke.json).Statement == [
      {
        Sid      = "InvokeInferenceProfile"
        Effect   = "Allow"
        Action   = "bedrock:InvokeModel"
        Resource = "arn:aws:bedrock:us-east-2:111122223333:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"
      },
      {
        Sid    = "InvokeModelThroughProfile"
        Effect = "Allow"
        Action = "bedrock:InvokeModel"
        Resource = [
          "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
          "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
          "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        ]
        Condition = {
          StringEquals = {
            "bedrock:InferenceProfileArn" = "arn:aws:bedrock:us-east-2:111122223333:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"
          }
        }
      },
      {
        Sid      = "InvokeInDefaultProject"
        Effect   = "Allow"
        Action   = "bedrock:InvokeModel"
        Resource = "arn:aws:bedrock:us-east-2:111122223333:project/default"
      },
      {
        Sid      = "WriteOwnLogs"
        Effect   = "Allow"
        Action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
        Resource = "arn:aws:logs:us-east-2:111122223333:log-group:/aws/lambda/chatbot-test:*"
      },
      {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
    error_message = "The execution role may do more or less than promised."
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.guardrail.json).Statement == [
      {
        Sid      = "ApplyOwnGuardrail"
        Effect   = "Allow"
        Action   = "bedrock:ApplyGuardrail"
        Resource = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
      },
      {
        Sid      = "DenyModelsWithoutGuardrail"
        Effect   = "Deny"
        Action   = ["bedrock:InvokeModelWithResponseStream", "bedrock:InvokeModel"]
        Resource = "arn:aws:bedrock:*::foundation-model/*"
        Condition = {
          StringNotEquals = {
            "bedrock:GuardrailIdentifier" = [
              "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12:3",
              "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12:2",
            ]
          }
        }
      },
    ]
    error_message = "A model could be called with another version of the guardrail than this and the one before, or another guardrail applied."
  }

  assert {
    condition     = !strcontains(data.aws_iam_policy_document.invoke.json, "bedrock:Converse")
    error_message = "bedrock:Converse is not an IAM action; the API is authorized as bedrock:InvokeModel."
  }

  assert {
    condition = (
      jsondecode(aws_iam_role_policy.invoke.policy) == jsondecode(data.aws_iam_policy_document.invoke.json) &&
      jsondecode(aws_iam_role_policy.guardrail.policy) == jsondecode(data.aws_iam_policy_document.guardrail.json)
    )
    error_message = "The documents are written but not attached to the role."
  }

  # Only Lambda becomes the role.
  assert {
    condition = jsondecode(aws_iam_role.execution.assume_role_policy).Statement == [{
      Sid       = "LambdaRunsAsThisRole"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
    error_message = "Somebody other than Lambda could become the execution role."
  }

  # The deny policy is attached and hand-made policies are removed.
  assert {
    condition = (
      aws_iam_role_policy_attachment.deny_tampering.policy_arn == "arn:aws:iam::111122223333:policy/chatbot-test-deny-tampering" &&
      aws_iam_role_policy_attachment.deny_tampering.role == "chatbot-test-us-east-2-execution"
    )
    error_message = "The deny policy is not attached to the execution role."
  }

  assert {
    condition = (
      aws_iam_role_policies_exclusive.execution.policy_names == toset(["guardrail", "invoke"]) &&
      aws_iam_role_policy_attachments_exclusive.execution.policy_arns == toset(["arn:aws:iam::111122223333:policy/chatbot-test-deny-tampering"])
    )
    error_message = "Terraform must detach what it did not attach to the role."
  }

  # The boundary holds the role to the same things.
  assert {
    condition = jsondecode(aws_iam_policy.boundary.policy).Statement == [
      {
        Sid    = "AtMostInvokeTheModel"
        Effect = "Allow"
        Action = "bedrock:InvokeModel"
        Resource = [
          "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
          "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
          "arn:aws:bedrock:us-east-2:111122223333:project/default",
          "arn:aws:bedrock:us-east-2:111122223333:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
          "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        ]
      },
      {
        Sid      = "AtMostApplyGuardrails"
        Effect   = "Allow"
        Action   = "bedrock:ApplyGuardrail"
        Resource = "arn:aws:bedrock:us-east-2:111122223333:guardrail/*"
      },
      {
        Sid      = "AtMostWriteOwnLogs"
        Effect   = "Allow"
        Action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
        Resource = "arn:aws:logs:us-east-2:111122223333:log-group:/aws/lambda/chatbot-test:*"
      },
      {
        Sid      = "AtMostWriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
    error_message = "The boundary allows more or less than the role needs."
  }

  # Everything that the role is given must fit inside its boundary, or the function is refused what it was promised.
  assert {
    condition = length(setsubtract(
      flatten([for statement in jsondecode(data.aws_iam_policy_document.invoke.json).Statement : statement.Resource]),
      flatten([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Resource]),
    )) == 0
    error_message = "The role is allowed something that its boundary refuses."
  }

  # Without a VPC and further policies the role has neither.
  assert {
    condition     = length(aws_iam_role_policy.vpc) == 0 && length(aws_iam_role_policy.further) == 0 && length(aws_lambda_function.this.vpc_config) == 0
    error_message = "The function has a network or policies that nobody asked for."
  }

  assert {
    condition     = !strcontains(aws_iam_policy.boundary.policy, "ec2:")
    error_message = "The boundary allows what nobody needs."
  }
}

run "the_first_version_of_a_guardrail_is_the_only_one" {
  command = plan

  variables {
    guardrail = {
      arn            = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
      id             = "abcdefghij12"
      safety_message = "Blocked."
      version        = "1"
    }
  }

  assert {
    condition = (
      jsondecode(data.aws_iam_policy_document.guardrail.json).Statement[1].Condition.StringNotEquals["bedrock:GuardrailIdentifier"]
      == "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12:1"
    )
    error_message = "Version 0 does not exist, and no other version may be used."
  }
}

run "a_version_that_is_not_the_number_before_may_be_named" {
  command = plan

  variables {
    guardrail = {
      arn              = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
      id               = "abcdefghij12"
      previous_version = "7"
      safety_message   = "Blocked."
      version          = "4"
    }
  }

  assert {
    condition = toset(
      jsondecode(data.aws_iam_policy_document.guardrail.json).Statement[1].Condition.StringNotEquals["bedrock:GuardrailIdentifier"]
      ) == toset([
        "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12:4",
        "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12:7",
    ])
    error_message = "A roll-back to an older number would be refused until the function has changed over, or a third version may be used."
  }
}

run "a_guardrail_that_others_enforce_may_be_applied_and_nothing_more" {
  command = plan

  variables {
    guardrail = {
      arn            = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abc123def456"
      id             = "abc123def456"
      safety_message = "Blocked."
      version        = "3"
      enforced_arns  = ["arn:aws:bedrock:us-east-2:444455556666:guardrail/org123def456"]
    }
  }

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.invoke.json).Statement : statement if contains(flatten([statement.Action]), "bedrock:ApplyGuardrail")] == [{
      Sid      = "ApplyEnforcedGuardrails"
      Effect   = "Allow"
      Action   = "bedrock:ApplyGuardrail"
      Resource = "arn:aws:bedrock:us-east-2:444455556666:guardrail/org123def456"
    }]
    error_message = "Where a guardrail is enforced, every call fails without this permission."
  }

  assert {
    condition = toset(one([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Resource if statement.Sid == "AtMostApplyGuardrails"])) == toset([
      "arn:aws:bedrock:us-east-2:111122223333:guardrail/*",
      "arn:aws:bedrock:us-east-2:444455556666:guardrail/org123def456",
    ])
    error_message = "The boundary refuses what the role is allowed, or allows more."
  }
}

run "the_source_region_is_allowed_even_when_it_is_not_listed" {
  command = plan

  variables {
    model = {
      inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
      destination_regions  = ["us-west-2"]
    }
  }

  assert {
    condition = toset(jsondecode(data.aws_iam_policy_document.invoke.json).Statement[1].Resource) == toset([
      "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
      "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
    ])
    error_message = "AWS authorizes the model in the source Region as well as in the destinations."
  }
}

run "a_global_profile_also_gets_the_model_without_a_region" {
  command = plan

  variables {
    model = {
      inference_profile_id = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
      destination_regions  = ["us-east-2"]
    }
  }

  assert {
    condition = toset(jsondecode(data.aws_iam_policy_document.invoke.json).Statement[1].Resource) == toset([
      "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
      "arn:aws:bedrock:::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
    ])
    error_message = "A global profile needs the Region-less model as well."
  }
}

run "a_profile_may_be_named_by_its_arn" {
  command = plan

  variables {
    model = {
      inference_profile_id = "arn:aws:bedrock:us-east-2:111122223333:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"
      destination_regions  = ["us-east-1", "us-east-2", "us-west-2"]
    }
  }

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.invoke.json).Statement : statement.Resource if startswith(statement.Sid, "InvokeInf") || startswith(statement.Sid, "InvokeModel")] == [
      "arn:aws:bedrock:us-east-2:111122223333:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
      [
        "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
      ],
    ]
    error_message = "The same profile by id and by ARN must allow the same things."
  }
}

run "an_application_profile_names_its_model" {
  command = plan

  variables {
    model = {
      inference_profile_id = "arn:aws:bedrock:us-east-2:111122223333:application-inference-profile/abc123def456"
      destination_regions  = ["us-east-2"]
      foundation_model_id  = "anthropic.claude-haiku-4-5-20251001-v1:0"
    }
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.invoke.json).Statement[1] == {
      Sid      = "InvokeModelThroughProfile"
      Effect   = "Allow"
      Action   = "bedrock:InvokeModel"
      Resource = "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
      Condition = {
        StringEquals = {
          "bedrock:InferenceProfileArn" = "arn:aws:bedrock:us-east-2:111122223333:application-inference-profile/abc123def456"
        }
      }
    }
    error_message = "An application profile must allow its model through itself."
  }
}

run "in_a_vpc_lambda_may_manage_interfaces_and_the_functions_code_may_not" {
  command = plan

  variables {
    runtime = { vpc = { subnet_ids = ["subnet-0a", "subnet-0b"], security_group_ids = ["sg-0c"] } }
  }

  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-0a", "subnet-0b"]) && aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-0c"])
    error_message = "The function is in another network."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.vpc[0].policy).Statement : statement if statement.Effect == "Allow"] == [
      {
        Sid    = "CreateInterfaces"
        Effect = "Allow"
        Action = "ec2:CreateNetworkInterface"
        Resource = [
          "arn:aws:ec2:us-east-2:111122223333:network-interface/*", "arn:aws:ec2:us-east-2:*:subnet/subnet-0b",
          "arn:aws:ec2:us-east-2:*:subnet/subnet-0a", "arn:aws:ec2:us-east-2:*:security-group/sg-0c",
        ]
      },
      { Sid = "DescribeWhatIsThere", Effect = "Allow", Action = ["ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces"], Resource = "*" },
      {
        Sid      = "ManageInterfaces"
        Effect   = "Allow"
        Action   = ["ec2:UnassignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses"]
        Resource = "arn:aws:ec2:us-east-2:111122223333:*/*"
      },
    ]
    error_message = "The role may do something else than Lambda needs, or less."
  }

  assert {
    condition = contains(jsondecode(aws_iam_role_policy.vpc[0].policy).Statement, {
      Sid       = "DenyNetworkToTheFunctionsCode"
      Effect    = "Deny"
      Action    = "ec2:*"
      Resource  = "*"
      Condition = { Null = { "lambda:SourceFunctionArn" = "false" } }
    })
    error_message = "The function's code may change the network."
  }

  assert {
    condition     = length([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Sid if can(regex("Interfaces|DescribeWhatIsThere", statement.Sid))]) == 3
    error_message = "The boundary would keep Lambda from the network."
  }
}

run "a_further_policy_reaches_as_far_as_it_says_and_no_further" {
  command = plan

  variables {
    policies = {
      orders = jsonencode({
        Version = "2012-10-17"
        Statement = [
          { Sid = "ReadOrders", Effect = "Allow", Action = "dynamodb:GetItem", Resource = "arn:aws:dynamodb:us-east-2:111122223333:table/orders" },
        ]
      })
    }
  }

  assert {
    condition     = { for policy in aws_iam_role_policy.further : policy.name => jsondecode(policy.policy).Statement[0].Sid } == { further-orders = "ReadOrders" }
    error_message = "The role lacks the policy, or it has another name than the exclusive list."
  }

  assert {
    condition     = aws_iam_role_policies_exclusive.execution.policy_names == toset(["further-orders", "guardrail", "invoke"])
    error_message = "The next apply would take the policy away."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Resource if try(startswith(statement.Action, "dynamodb:"), false)] == [
      "arn:aws:dynamodb:us-east-2:111122223333:table/orders"
    ]
    error_message = "The boundary holds the policy back, or lets more through."
  }
}

run "policies_that_fill_the_boundary_are_refused" {
  command = plan

  variables {
    policies = {
      long = jsonencode({
        Version   = "2012-10-17"
        Statement = [{ Sid = "Long", Effect = "Allow", Action = "s3:GetObject", Resource = [for at in range(100) : "arn:aws:s3:::example-bucket-with-a-long-name/${at}/*"] }]
      })
    }
  }

  expect_failures = [aws_iam_policy.boundary]
}
