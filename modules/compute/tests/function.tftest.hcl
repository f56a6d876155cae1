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

run "by_default_the_function_is_bounded_pinned_logged_and_traced" {
  command = plan

  # The function has time for a model and less than the gateway waits.
  assert {
    condition     = aws_lambda_function.this.timeout == 28
    error_message = "The default timeout leaves API Gateway a second to answer."
  }

  assert {
    condition = (
      aws_lambda_function.this.runtime == "python3.12" &&
      aws_lambda_function.this.architectures == tolist(["arm64"]) &&
      aws_lambda_function.this.memory_size == 512 &&
      aws_lambda_function.this.handler == "chatbot.handler.lambda_handler"
    )
    error_message = "The function would run on another machine than promised."
  }

  # A request flood is bounded.
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 10
    error_message = "Without reserved concurrency nothing bounds what the model may cost."
  }

  # The package is pinned by its hash and published.
  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("tests/package.zip")
    error_message = "A changed package must change the plan."
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.live.name == "live" && output.alias_name == "live"
    error_message = "Callers must reach a published version through the live alias."
  }

  # The function writes JSON to its own encrypted group and traces everything.
  assert {
    condition = one([
      for log in aws_lambda_function.this.logging_config :
      log.log_format == "JSON" && log.log_group == "/aws/lambda/chatbot-test" && log.application_log_level == "INFO" && log.system_log_level == "INFO"
    ])
    error_message = "The function must log JSON at INFO to its own group."
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.function.name == "/aws/lambda/chatbot-test" &&
      aws_cloudwatch_log_group.function.retention_in_days == 365 &&
      aws_cloudwatch_log_group.function.kms_key_id == var.kms_key_arn
    )
    error_message = "The log group must be encrypted with the key and end."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "Without active tracing a slow answer has no explanation."
  }

  # The function gets exactly these settings.
  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      ADDITIONAL_REQUEST_FIELDS = "{}"
      ALLOWED_ORIGIN            = "https://chat.example.com"
      BLOCKED_MESSAGE           = "Blocked."
      GUARDRAIL_ID              = "abcdefghij12"
      GUARDRAIL_VERSION         = "3"
      LEAK_MODE                 = "block"
      LOG_LEVEL                 = "INFO"
      MAX_MESSAGE_CHARS         = "2000"
      MAX_OUTPUT_TOKENS         = "512"
      METRICS_NAMESPACE         = "Chatbot"
      MODEL_ID                  = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
      SCREENING_MODE            = "block"
      SERVICE_NAME              = "chatbot-test"
      SYSTEM_PROMPT             = "You are a helpful customer support assistant."
    })
    error_message = "The function's environment is not what its code reads."
  }

  # SnapStart is off until asked for.
  assert {
    condition     = length(aws_lambda_function.this.snap_start) == 0
    error_message = "SnapStart costs money for Python and must be a choice."
  }

  assert {
    condition     = length(aws_lambda_permission.wait) == 0 && length(aws_lambda_invocation.ready) == 0
    error_message = "There is no snapshot to wait for."
  }
}

run "what_may_be_tuned_reaches_the_function" {
  command = plan

  variables {
    allowed_origin = "http://localhost:3000"
    runtime        = { architecture = "x86_64", snap_start = true }
    chat = {
      further_origins   = ["https://shop.example.com", "https://app.example.com:8443"]
      log_level         = "ERROR"
      max_message_chars = 2000
      max_output_tokens = 1
      sign_in           = true
      system_prompt     = "Be brief."
    }
    model = {
      inference_profile_id      = "us.anthropic.claude-haiku-5-5"
      destination_regions       = ["us-east-1", "us-east-2", "us-west-2"]
      additional_request_fields = jsonencode({ thinking = { type = "disabled" } })
    }
  }

  # A log level leaves Lambda's own filter at INFO, so that metrics survive.
  assert {
    condition = (
      aws_lambda_function.this.environment[0].variables.LOG_LEVEL == "ERROR" &&
      aws_lambda_function.this.environment[0].variables.MAX_OUTPUT_TOKENS == "1" &&
      aws_lambda_function.this.logging_config[0].application_log_level == "INFO"
    )
    error_message = "Lambda would drop the metrics with the lines below its own level, and the alarms would be silent."
  }

  # Fields of the model's own reach the function as they are.
  assert {
    condition     = jsondecode(aws_lambda_function.this.environment[0].variables.ADDITIONAL_REQUEST_FIELDS) == { thinking = { type = "disabled" } }
    error_message = "The model would think although it is configured not to."
  }

  # With sign-in the function refuses what has no person.
  assert {
    condition     = aws_lambda_function.this.environment[0].variables["SIGN_IN"] == "required"
    error_message = "An authorizer that somebody takes away opens the chatbot."
  }

  # A local web page may be the origin.
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.ALLOWED_ORIGIN == "http://localhost:3000"
    error_message = "Developers need plain http on their own machine."
  }

  # Further origins are handed to the function.
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.FURTHER_ORIGINS == "https://shop.example.com https://app.example.com:8443"
    error_message = "The function would refuse a page that the API lets ask."
  }

  # SnapStart and x86 can be asked for.
  assert {
    condition = (
      aws_lambda_function.this.snap_start[0].apply_on == "PublishedVersions" &&
      aws_lambda_function.this.architectures == tolist(["x86_64"]) &&
      aws_lambda_function.this.memory_size == 512
    )
    error_message = "The runtime asked for is not the one planned."
  }

  # With SnapStart the version is invoked before the alias moves.
  assert {
    condition = (
      aws_lambda_invocation.ready[0].function_name == "chatbot-test" &&
      aws_lambda_invocation.ready[0].input == "{}" &&
      aws_lambda_permission.wait[0].principal == "111122223333" &&
      aws_lambda_permission.wait[0].action == "lambda:GetFunctionConfiguration"
    )
    error_message = "The alias would point at a version that is still Pending."
  }
}

run "patterns_of_an_environments_own_reach_the_function_and_settings_of_4096_bytes_fit" {
  command = plan

  variables {
    chat = {
      max_message_chars = 2000
      max_output_tokens = 512
      patterns          = ["open ?sesame", "\\bxyzzy\\b"]
      system_prompt     = join("", [for i in range(355) : "Be helpful"])
    }
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables["PROMPT_INJECTION_PATTERNS"] == "open ?sesame\n\\bxyzzy\\b"
    error_message = "The function screens for other patterns than it was given."
  }

  assert {
    condition     = local.environment_bytes > 3900 && local.environment_bytes <= 4096
    error_message = "This is to be close to the limit, and has ${local.environment_bytes} bytes."
  }
}

run "settings_that_do_not_fit_into_lambdas_4_kb_are_refused_together" {
  command = plan

  variables {
    chat = {
      max_message_chars = 2000
      max_output_tokens = 512
      patterns          = [for i in range(10) : join("", [for j in range(20) : "0123456789"])]
      system_prompt     = join("", [for i in range(200) : "Be helpful"])
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "a_package_in_s3_is_pinned_by_version_and_hash" {
  command = plan

  variables {
    package = {
      s3_bucket         = "example-packages"
      s3_key            = "chatbot/1.2.0.zip"
      s3_object_version = "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"
      sha256            = filesha256("tests/package.zip")
    }
  }

  assert {
    condition = (
      aws_lambda_function.this.filename == null &&
      aws_lambda_function.this.s3_bucket == "example-packages" &&
      aws_lambda_function.this.s3_key == "chatbot/1.2.0.zip" &&
      aws_lambda_function.this.s3_object_version == "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY" &&
      aws_lambda_function.this.source_code_hash == filebase64sha256("tests/package.zip")
    )
    error_message = "Another object would be deployed, or a changed one would not change the plan."
  }
}
