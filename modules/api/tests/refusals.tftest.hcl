# Where a run has several bad inputs, each of them must be refused.

# The real provider, offline: what is planned here is what AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

variables {
  name           = "chatbot-test"
  allowed_origin = "https://chat.example.com"
  kms_key_arn    = "arn:aws:kms:us-east-2:111122223333:key/11111111-2222-3333-4444-555555555555"

  clients = {
    web    = {}
    mobile = { description = "The app" }
  }

  function = {
    alias_invoke_arn = "arn:aws:apigateway:us-east-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-2:111122223333:function:chatbot-test:live/invocations"
    alias_name       = "live"
    function_name    = "chatbot-test"
  }
}

run "every_origin_no_client_and_what_aws_does_not_have_is_refused" {
  command = plan

  variables {
    allowed_origin     = "*"
    clients            = {}
    custom_domain      = { domain_name = "https://chat.example.com", certificate_arn = "arn:aws:acm:us-east-2:111122223333:certificate/1", close_default_endpoint = true }
    log_retention_days = 0
    name               = "Chatbot"
    plan               = { quota_period = "YEAR" }
    stage_name         = "v1/chat"
  }

  expect_failures = [
    var.allowed_origin, var.clients, var.custom_domain, var.log_retention_days,
    var.name, var.plan, var.stage_name,
  ]
}

# A name that nobody has would stop nobody.
run "a_stopped_client_that_is_not_there_is_refused" {
  command = plan

  variables {
    disabled_clients = ["mobil"]
  }

  expect_failures = [var.disabled_clients]
}

run "an_origin_with_a_path_a_client_without_a_name_and_a_plan_without_a_limit_are_refused" {
  command = plan

  variables {
    allowed_origin = "https://chat.example.com/app"
    clients        = { "" = {} }
    custom_domain  = { domain_name = "chat.example.com", certificate_arn = "arn:aws:iam::111122223333:server-certificate/old", close_default_endpoint = true }
    plan           = { quota_limit = 0 }
  }

  expect_failures = [var.allowed_origin, var.clients, var.custom_domain, var.plan]
}

run "an_origin_without_tls_and_a_plan_that_lets_nothing_through_are_refused" {
  command = plan

  variables {
    allowed_origin = "http://chat.example.com"
    plan           = { burst_limit = 0 }
  }

  expect_failures = [var.allowed_origin, var.plan]
}

run "an_origin_with_a_final_slash_is_refused" {
  command = plan

  variables {
    allowed_origin = "https://chat.example.com/"
  }

  expect_failures = [var.allowed_origin]
}

run "an_origin_that_only_begins_like_localhost_is_refused" {
  command = plan

  variables {
    allowed_origin = "http://localhost.example.com"
  }

  expect_failures = [var.allowed_origin]
}

run "a_page_on_this_machine_may_do_without_tls" {
  command = plan

  variables {
    allowed_origin = "http://localhost:5173"
  }

  assert {
    condition     = aws_api_gateway_integration_response.preflight.response_parameters["method.response.header.Access-Control-Allow-Origin"] == "'http://localhost:5173'"
    error_message = "A local origin is not sent."
  }
}

run "a_log_role_that_is_none_is_refused" {
  command = plan

  variables {
    log_role_arn = "ApiGatewayLoggingRole"
  }

  expect_failures = [aws_api_gateway_stage.this]
}
