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

run "without_budget_and_conversation_there_is_no_table_and_no_permission_on_one" {
  command = plan

  assert {
    condition     = length(module.memory) == 0 && output.deployment.table_name == null && output.deployment.budget == null
    error_message = "Both are null: there must be no table."
  }
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
