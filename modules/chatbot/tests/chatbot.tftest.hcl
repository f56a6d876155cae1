# The real provider, offline: what is planned here is what AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

override_data {
  target = module.compute.data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_data {
  target = module.governance.data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

# modules/edge has its own tests, and a web ACL takes seconds to plan. tests/terraform plans whole environments.
override_module {
  target = module.edge
  outputs = {
    arn            = "arn:aws:wafv2:us-east-2:111122223333:regional/webacl/chatbot-test/11111111-2222-3333-4444-555555555555"
    log_group_name = "aws-waf-logs-chatbot-test"
    id             = "11111111-2222-3333-4444-555555555555"
    wcu            = 1476
  }
}

variables {
  environment    = "test"
  package        = "../compute/tests/package.zip"
  allowed_origin = "https://chat.example.com"
  clients        = { web = {} }
  operations     = { alert_emails = ["oncall@example.com"] }
}

run "everything_is_named_after_the_environment" {
  command = plan

  assert {
    condition = output.deployment.log_groups == {
      api         = "/aws/apigateway/chatbot-test"
      function    = "/aws/lambda/chatbot-test"
      invocations = "/aws/bedrock/model-invocations"
      trail       = "/aws/cloudtrail/chatbot-test"
      waf         = "aws-waf-logs-chatbot-test"
    }
    error_message = "A log group has another name, which queries and alarms would miss."
  }

  assert {
    condition     = output.deployment.function_name == "chatbot-test" && output.deployment.region == "us-east-2" && output.deployment.stage_name == "v1"
    error_message = "The function, the region or the stage is another than documented."
  }

  assert {
    condition     = output.deployment.scp_json == null
    error_message = "Without a deploy role the service control policy would lock out everybody."
  }

  assert {
    condition     = length(module.memory) == 0 && output.deployment.table_name == null && output.deployment.budget == null
    error_message = "Without a budget and conversations there must be no table, and no permission on one."
  }
}

run "a_second_environment_of_an_account_leaves_its_singletons_alone_and_may_take_longer_messages" {
  command = plan

  variables {
    deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
    account          = { api_gateway_log_role = null, invocation_logging = null, trail = null }
    edge             = { limits = { body_bytes = 16384 } }
    function         = { max_message_chars = 4000 }
  }

  assert {
    condition     = output.deployment.log_groups.invocations == null && output.deployment.log_groups.trail == null && output.deployment.log_groups.api == "/aws/apigateway/chatbot-test"
    error_message = "Two environments would fight over one trail or one logging configuration."
  }

  assert {
    condition     = strcontains(output.deployment.scp_json, "arn:aws:iam::111122223333:role/deploy")
    error_message = "The deploy role is no exception of the service control policy."
  }
}

run "a_model_past_its_end_of_life_and_alarms_that_reach_nobody_are_warned_about" {
  command = plan

  variables {
    model      = { inference_profile_id = "us.anthropic.claude-3-haiku-20240307-v1:0", destination_regions = ["us-east-1", "us-east-2", "us-west-2"] }
    operations = { alert_emails = [] }
  }

  expect_failures = [check.model_is_alive, check.somebody_is_notified]
}

run "another_name_for_an_applied_environment_is_refused" {
  command = plan

  override_resource {
    target          = terraform_data.name
    override_during = plan
    values          = { output = "before" }
  }

  expect_failures = [output.deployment]
}

run "a_message_that_could_not_pass_the_web_acl_is_refused" {
  command = plan

  variables {
    function = { max_message_chars = 2033 }
  }

  expect_failures = [var.edge]
}

run "a_budget_alone_lets_no_conversation_be_kept" {
  command = plan

  variables {
    budget = { client_tokens_per_day = 100000, clients = { web = { tokens_per_month = 200000 } } }
  }

  assert {
    condition     = output.deployment.table_name == "chatbot-test" && output.deployment.conversation == null
    error_message = "The table is named after the environment."
  }
}

run "half_a_token_is_refused" {
  command = plan

  variables {
    budget = { client_tokens_per_month = 100000.5 }
  }

  expect_failures = [var.budget]
}

run "a_budget_that_limits_nothing_is_refused" {
  command = plan

  variables {
    budget = {}
  }

  expect_failures = [var.budget]
}

run "a_conversation_shorter_than_a_message_is_refused" {
  command = plan

  variables {
    conversation = { max_chars = 1000 }
  }

  expect_failures = [var.conversation]
}

run "a_conversation_that_no_item_holds_is_refused" {
  command = plan

  variables {
    conversation = { max_chars = 60000 }
  }

  expect_failures = [var.conversation]
}

run "a_conversation_of_no_turns_is_refused" {
  command = plan

  variables {
    conversation = { max_turns = 0 }
  }

  expect_failures = [var.conversation]
}

run "a_name_that_would_be_too_long_with_the_environments_is_refused" {
  command = plan

  variables {
    name = "of-our-support-chats" # 20, and -test
  }

  expect_failures = [var.name]
}
