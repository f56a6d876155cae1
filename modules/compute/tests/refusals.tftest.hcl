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
    safety_message = "Blocked."
    version        = "3"
  }
  model = {
    inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    destination_regions  = ["us-east-1", "us-east-2", "us-west-2"]
  }
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

run "each_bad_input_is_refused_1" {
  command = plan

  variables {
    # Every origin.
    allowed_origin = "*"
    # A level that the function does not know.
    chat = { log_level = "DEBUG" }
    # An AWS-managed deny policy.
    deny_policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    # An enforced guardrail is one guardrail and no wildcard.
    guardrail = {
      arn            = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
      id             = "abcdefghij12"
      safety_message = "No."
      version        = "3"
      enforced_arns  = ["arn:aws:bedrock:us-east-2:444455556666:guardrail/*"]
    }
    # Logs for ever.
    log_retention_days = 0
    # A bare model id.
    model = { inference_profile_id = "anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"] }
    # A name with capitals.
    name = "Chatbot"
    # A missing package.
    package = "tests/nowhere.zip"
    # Unlimited concurrency.
    reserved_concurrency = -1
    # Another architecture.
    runtime = { architecture = "arm" }
    # The default timeout of Lambda.
    timeout_seconds = 3
  }

  expect_failures = [var.allowed_origin, var.chat, var.deny_policy_arn, var.guardrail, var.log_retention_days, var.model, var.name, var.package, var.reserved_concurrency, var.runtime, var.timeout_seconds]
}

run "each_bad_input_is_refused_2" {
  command = plan

  variables {
    # An origin with a path.
    allowed_origin = "https://chat.example.com/"
    # A leak mode that does not exist.
    chat = { leak_mode = "off" }
    # The draft guardrail is refused as the version before as well.
    guardrail = { arn = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12", id = "abcdefghij12", safety_message = "No.", version = "2", previous_version = "DRAFT" }
    # A foundation model ARN.
    model = { inference_profile_id = "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"] }
    # Too little memory.
    runtime = { memory_mb = 128 }
    # A timeout longer than the gateways.
    timeout_seconds = 30
  }

  expect_failures = [var.allowed_origin, var.chat, var.guardrail, var.model, var.runtime, var.timeout_seconds]
}

run "each_bad_input_is_refused_3" {
  command = plan

  variables {
    # Plain HTTP.
    allowed_origin = "http://chat.example.com"
    # A screening mode that does not exist.
    chat = { screening_mode = "off" }
    # The draft guardrail.
    guardrail = { arn = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12", id = "abcdefghij12", safety_message = "No.", version = "DRAFT" }
    # A profile that routes nowhere.
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = [] }
    # A fraction of a second.
    timeout_seconds = 10.5
  }

  expect_failures = [var.allowed_origin, var.chat, var.guardrail, var.model, var.timeout_seconds]
}

run "each_bad_input_is_refused_4" {
  command = plan

  variables {
    # A host that only starts like localhost.
    allowed_origin = "http://localhost.example.com"
    # A blank system prompt.
    chat = { system_prompt = " " }
    # A wildcard region.
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["*"] }
  }

  expect_failures = [var.allowed_origin, var.chat, var.model]
}

run "each_bad_input_is_refused_5" {
  command = plan

  variables {
    # No patterns at all.
    chat = { patterns = [] }
    # An application profile without its model.
    model = { inference_profile_id = "arn:aws:bedrock:us-east-2:111122223333:application-inference-profile/abc123def456", destination_regions = ["us-east-2"] }
  }

  expect_failures = [var.chat, var.model]
}

run "each_bad_input_is_refused_6" {
  command = plan

  variables {
    # An answer of no tokens.
    chat = { max_output_tokens = 0 }
    # A second model beside a named profile.
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"], foundation_model_id = "amazon.nova-pro-v1:0" }
  }

  expect_failures = [var.chat, var.model]
}

run "each_bad_input_is_refused_7" {
  command = plan

  variables {
    # Model fields that are no json object.
    model = {
      inference_profile_id      = "us.anthropic.claude-haiku-5-5"
      destination_regions       = ["us-east-2"]
      additional_request_fields = "[]"
    }
  }

  expect_failures = [var.model]
}
