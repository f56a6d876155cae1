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
  name            = "chatbot-test"
  package         = "tests/package.zip"
  allowed_origin  = "https://chat.example.com"
  kms_key_arn     = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  deny_policy_arn = "arn:aws:iam::111122223333:policy/chatbot-test-deny-tampering"
  guardrail = {
    arn            = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
    id             = "abcdefghij12"
    safety_message = "[Request blocked by safety controls]"
    version        = "3"
  }
  model = {
    inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    destination_regions  = ["us-east-1", "us-east-2", "us-west-2"]
  }
}

run "a_bare_model_id_is_refused" {
  command = plan

  variables {
    model = { inference_profile_id = "anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"] }
  }

  expect_failures = [var.model]
}

run "a_foundation_model_arn_is_refused" {
  command = plan

  variables {
    model = { inference_profile_id = "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"] }
  }

  expect_failures = [var.model]
}

run "a_profile_that_routes_nowhere_is_refused" {
  command = plan

  variables {
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = [] }
  }

  expect_failures = [var.model]
}

run "a_wildcard_region_is_refused" {
  command = plan

  variables {
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["*"] }
  }

  expect_failures = [var.model]
}

run "an_application_profile_without_its_model_is_refused" {
  command = plan

  variables {
    model = { inference_profile_id = "arn:aws:bedrock:us-east-2:111122223333:application-inference-profile/abc123def456", destination_regions = ["us-east-2"] }
  }

  expect_failures = [var.model]
}

run "a_second_model_beside_a_named_profile_is_refused" {
  command = plan

  variables {
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"], foundation_model_id = "amazon.nova-pro-v1:0" }
  }

  expect_failures = [var.model]
}

run "lambdas_default_timeout_is_refused" {
  command = plan

  variables {
    timeout_seconds = 3
  }

  expect_failures = [var.timeout_seconds]
}

run "a_timeout_longer_than_the_gateways_is_refused" {
  command = plan

  variables {
    timeout_seconds = 30
  }

  expect_failures = [var.timeout_seconds]
}

run "a_fraction_of_a_second_is_refused" {
  command = plan

  variables {
    timeout_seconds = 10.5
  }

  expect_failures = [var.timeout_seconds]
}

run "an_enforced_guardrail_is_one_guardrail_and_no_wildcard" {
  command = plan

  variables {
    guardrail = {
      arn            = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
      id             = "abcdefghij12"
      safety_message = "No."
      version        = "3"
      enforced_arns  = ["arn:aws:bedrock:us-east-2:444455556666:guardrail/*"]
    }
  }

  expect_failures = [var.guardrail]
}

run "the_draft_guardrail_is_refused_as_the_version_before_as_well" {
  command = plan

  variables {
    guardrail = { arn = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12", id = "abcdefghij12", safety_message = "No.", version = "2", previous_version = "DRAFT" }
  }

  expect_failures = [var.guardrail]
}

run "the_draft_guardrail_is_refused" {
  command = plan

  variables {
    guardrail = { arn = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12", id = "abcdefghij12", safety_message = "No.", version = "DRAFT" }
  }

  expect_failures = [var.guardrail]
}

run "a_missing_package_is_refused" {
  command = plan

  variables {
    package = "tests/nowhere.zip"
  }

  expect_failures = [var.package]
}

run "every_origin_is_refused" {
  command = plan

  variables {
    allowed_origin = "*"
  }

  expect_failures = [var.allowed_origin]
}

run "an_origin_with_a_path_is_refused" {
  command = plan

  variables {
    allowed_origin = "https://chat.example.com/"
  }

  expect_failures = [var.allowed_origin]
}

run "plain_http_is_refused" {
  command = plan

  variables {
    allowed_origin = "http://chat.example.com"
  }

  expect_failures = [var.allowed_origin]
}

run "a_host_that_only_starts_like_localhost_is_refused" {
  command = plan

  variables {
    allowed_origin = "http://localhost.example.com"
  }

  expect_failures = [var.allowed_origin]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "logs_for_ever_are_refused" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}

run "unlimited_concurrency_is_refused" {
  command = plan

  variables {
    reserved_concurrency = -1
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_level_that_the_function_does_not_know_is_refused" {
  command = plan

  variables {
    chat = { log_level = "DEBUG" }
  }

  expect_failures = [var.chat]
}

run "a_leak_mode_that_does_not_exist_is_refused" {
  command = plan

  variables {
    chat = { leak_mode = "off" }
  }

  expect_failures = [var.chat]
}

run "a_screening_mode_that_does_not_exist_is_refused" {
  command = plan

  variables {
    chat = { screening_mode = "off" }
  }

  expect_failures = [var.chat]
}

run "a_blank_system_prompt_is_refused" {
  command = plan

  variables {
    chat = { system_prompt = " " }
  }

  expect_failures = [var.chat]
}

run "settings_that_do_not_fit_into_lambdas_4_kb_are_refused_together" {
  command = plan

  variables {
    chat = {
      patterns      = [for i in range(10) : join("", [for j in range(20) : "0123456789"])]
      system_prompt = join("", [for i in range(200) : "Be helpful"])
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "no_patterns_at_all_are_refused" {
  command = plan

  variables {
    chat = { patterns = [] }
  }

  expect_failures = [var.chat]
}

run "a_message_longer_than_the_edge_lets_in_is_refused" {
  command = plan

  variables {
    chat = { max_message_chars = 8001 }
  }

  expect_failures = [var.chat]
}

run "an_answer_of_no_tokens_is_refused" {
  command = plan

  variables {
    chat = { max_output_tokens = 0 }
  }

  expect_failures = [var.chat]
}

run "another_architecture_is_refused" {
  command = plan

  variables {
    runtime = { architecture = "arm" }
  }

  expect_failures = [var.runtime]
}

run "too_little_memory_is_refused" {
  command = plan

  variables {
    runtime = { memory_mb = 128 }
  }

  expect_failures = [var.runtime]
}

run "an_aws_managed_deny_policy_is_refused" {
  command = plan

  variables {
    deny_policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
  }

  expect_failures = [var.deny_policy_arn]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Chatbot"
  }

  expect_failures = [var.name]
}

run "model_fields_that_are_no_json_object_are_refused" {
  command = plan

  variables {
    model = {
      inference_profile_id      = "us.anthropic.claude-haiku-5-5"
      destination_regions       = ["us-east-2"]
      additional_request_fields = "[]"
    }
  }

  expect_failures = [var.model]
}
