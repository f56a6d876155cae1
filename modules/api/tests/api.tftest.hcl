# The real provider, offline: what is planned here is what AWS would be sent.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

# The permission is made of these two, which AWS invents.
override_resource {
  target          = aws_api_gateway_rest_api.this
  override_during = plan
  values = {
    id               = "abc123"
    root_resource_id = "root"
    execution_arn    = "arn:aws:execute-api:us-east-2:111122223333:abc123"
  }
}

override_resource {
  target          = aws_api_gateway_resource.chat
  override_during = plan
  values = {
    path = "/chat"
  }
}

variables {
  name               = "chatbot-test"
  allowed_origin     = "https://chat.example.com"
  kms_key_arn        = "arn:aws:kms:us-east-2:111122223333:key/11111111-2222-3333-4444-555555555555"
  log_retention_days = 365
  max_message_chars  = 2000
  stage_name         = "v1"

  clients = {
    web    = {}
    mobile = { description = "The app" }
  }

  disabled_clients = ["mobile"]

  function = {
    alias_invoke_arn = "arn:aws:apigateway:us-east-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-2:111122223333:function:chatbot-test:live/invocations"
    alias_name       = "live"
    function_name    = "chatbot-test"
  }
}

run "by_default_post_chat_needs_a_key_and_nothing_else_is_open_or_logged" {
  command = plan

  # POST /chat needs a key and a body of one message.
  assert {
    condition = (
      aws_api_gateway_method.chat.http_method == "POST" &&
      aws_api_gateway_method.chat.api_key_required &&
      aws_api_gateway_rest_api.this.api_key_source == "HEADER"
    )
    error_message = "POST /chat can be called without an API key."
  }

  assert {
    condition = (
      aws_api_gateway_request_validator.body.validate_request_body &&
      aws_api_gateway_method.chat.request_models == tomap({ "$default" = "ChatRequest" })
    )
    error_message = "The body is not validated whatever its Content-Type."
  }

  assert {
    condition = jsondecode(aws_api_gateway_model.chat.schema) == {
      "$schema"            = "http://json-schema.org/draft-04/schema#"
      title                = "ChatRequest"
      type                 = "object"
      additionalProperties = false
      required             = ["message"]
      properties           = { message = { type = "string", minLength = 1, maxLength = 2000 } }
    }
    error_message = "The model takes something else than one message of 1 to 2,000 characters."
  }

  assert {
    condition = (
      aws_api_gateway_integration.chat.type == "AWS_PROXY" &&
      aws_api_gateway_integration.chat.integration_http_method == "POST" &&
      aws_api_gateway_integration.chat.uri == var.function.alias_invoke_arn &&
      aws_api_gateway_integration.chat.timeout_milliseconds == 29000
    )
    error_message = "POST /chat does not go to the alias, within 29 seconds."
  }

  assert {
    condition     = one(aws_api_gateway_rest_api.this.endpoint_configuration).types == tolist(["REGIONAL"])
    error_message = "The API is not regional, and a regional web ACL could not stand in front of it."
  }

  # Only POST /chat of this stage may call the alias.
  assert {
    condition = (
      aws_lambda_permission.chat.source_arn == "arn:aws:execute-api:us-east-2:111122223333:abc123/v1/POST/chat" &&
      aws_lambda_permission.chat.principal == "apigateway.amazonaws.com" &&
      aws_lambda_permission.chat.action == "lambda:InvokeFunction" &&
      aws_lambda_permission.chat.function_name == "chatbot-test" &&
      aws_lambda_permission.chat.qualifier == "live"
    )
    error_message = "The permission is wider than one stage, method, path and alias, or names another."
  }

  # A preflight is answered without a key and for the one origin.
  assert {
    condition = (
      aws_api_gateway_method.preflight.http_method == "OPTIONS" &&
      !aws_api_gateway_method.preflight.api_key_required &&
      aws_api_gateway_integration.preflight.type == "MOCK" &&
      aws_api_gateway_integration.preflight.passthrough_behavior == "NEVER" &&
      jsondecode(aws_api_gateway_integration.preflight.request_templates["application/json"]).statusCode == 204 &&
      aws_api_gateway_method_response.preflight.status_code == "204"
    )
    error_message = "OPTIONS /chat is not a mock that answers 204 without a key."
  }

  assert {
    condition = aws_api_gateway_integration_response.preflight.response_parameters == tomap({
      "method.response.header.Access-Control-Allow-Headers" = "'content-type,x-api-key'"
      "method.response.header.Access-Control-Allow-Methods" = "'OPTIONS,POST'"
      "method.response.header.Access-Control-Allow-Origin"  = "'https://chat.example.com'"
      "method.response.header.Access-Control-Max-Age"       = "'600'"
    })
    error_message = "The CORS headers allow more than one origin, two methods and two headers, or lack their inner quotes."
  }

  assert {
    condition     = aws_api_gateway_integration_response.preflight.response_templates == null
    error_message = "A template runs where there is nothing to choose."
  }

  assert {
    condition     = keys(aws_api_gateway_method_response.preflight.response_parameters) == keys(aws_api_gateway_integration_response.preflight.response_parameters)
    error_message = "A header is set that the method response does not declare; API Gateway refuses that."
  }

  # Refusals keep their status, speak JSON, and may be read by the page.
  assert {
    condition = {
      for type, response in aws_api_gateway_gateway_response.this :
      type => "${coalesce(response.status_code, "own")} ${jsondecode(response.response_templates["application/json"]).error.code}"
      } == {
      BAD_REQUEST_BODY             = "400 invalid_request"
      DEFAULT_4XX                  = "own invalid_request"
      DEFAULT_5XX                  = "own internal_error"
      INTEGRATION_TIMEOUT          = "504 model_timeout"
      INVALID_API_KEY              = "403 forbidden"
      MISSING_AUTHENTICATION_TOKEN = "404 not_found"
      QUOTA_EXCEEDED               = "429 quota_exceeded"
      REQUEST_TOO_LARGE            = "413 request_too_large"
      RESOURCE_NOT_FOUND           = "404 not_found"
      THROTTLED                    = "429 throttled"
      UNSUPPORTED_MEDIA_TYPE       = "415 unsupported_media_type"
      WAF_FILTERED                 = "403 request_blocked"
    }
    error_message = "A refusal has another status or code than the API's description says."
  }

  assert {
    condition = alltrue([
      for response in aws_api_gateway_gateway_response.this :
      response.response_parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://chat.example.com'" &&
      response.response_parameters["gatewayresponse.header.Cache-Control"] == "'no-store'" &&
      jsondecode(response.response_templates["application/json"]).error.request_id == "$context.requestId" &&
      !strcontains(response.response_templates["application/json"], "$context.error")
    ])
    error_message = "A refusal lacks its CORS or cache header or its request id, or repeats text of the request."
  }

  # One key a client, on a plan of ten a second, five at once and 500 a month.
  assert {
    condition = (
      aws_api_gateway_usage_plan.this.name == "chatbot-basic-plan" &&
      aws_api_gateway_usage_plan.this.throttle_settings[0].rate_limit == 10 &&
      aws_api_gateway_usage_plan.this.throttle_settings[0].burst_limit == 5 &&
      aws_api_gateway_usage_plan.this.quota_settings[0].limit == 500 &&
      aws_api_gateway_usage_plan.this.quota_settings[0].period == "MONTH" &&
      one(aws_api_gateway_usage_plan.this.api_stages).stage == "v1"
    )
    error_message = "The plan has other limits, or is not on the stage."
  }

  assert {
    condition = { for client, key in aws_api_gateway_api_key.client : key.name => key.enabled } == {
      chatbot-test-mobile = false
      chatbot-test-web    = true
    }
    error_message = "A client has no key of its own, or a stopped client may still call."
  }

  assert {
    condition     = keys(aws_api_gateway_usage_plan_key.client) == ["mobile", "web"]
    error_message = "A key is not on the plan, and so has no limits and no access."
  }

  # The stage logs every request and nothing that was said.
  assert {
    condition = alltrue([
      for field in ["requestId", "extendedRequestId", "identity.sourceIp", "status", "waf.status", "wafResponseCode", "identity.apiKeyId", "error.responseType", "responseLatency", "integration.latency"] :
      contains(values(jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format)), "$context.${field}")
    ])
    error_message = "The access log lacks a field that an investigation needs."
  }

  assert {
    condition = length(setintersection(
      values(jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format)),
      ["$context.identity.apiKey", "$context.error.validationErrorString", "$context.error.message", "$context.error.messageString", "$context.identity.userAgent"],
    )) == 0
    error_message = "The access log holds a key, or text of the request."
  }

  assert {
    condition = (
      aws_api_gateway_method_settings.all.method_path == "*/*" &&
      aws_api_gateway_method_settings.all.settings[0].data_trace_enabled == false &&
      aws_api_gateway_method_settings.all.settings[0].logging_level == "OFF" &&
      aws_api_gateway_method_settings.all.settings[0].metrics_enabled
    )
    error_message = "Requests are traced or quoted in an execution log, or metrics are off."
  }

  assert {
    condition = (
      aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 20 &&
      aws_api_gateway_method_settings.all.settings[0].throttling_burst_limit == 10
    )
    error_message = "The ceiling of the stage is not what its two clients may use together."
  }

  assert {
    condition = (
      aws_api_gateway_stage.this.xray_tracing_enabled &&
      aws_cloudwatch_log_group.access.name == "/aws/apigateway/chatbot-test" &&
      aws_cloudwatch_log_group.access.kms_key_id == var.kms_key_arn &&
      aws_cloudwatch_log_group.access.retention_in_days == 365
    )
    error_message = "X-Ray is off, or the access log is not encrypted or not kept for a year."
  }

  # Without a custom domain the default endpoint stays open.
  assert {
    condition     = !aws_api_gateway_rest_api.this.disable_execute_api_endpoint && length(aws_api_gateway_domain_name.this) == 0
    error_message = "Nothing would answer."
  }

  # Without sign-in there is nothing of it.
  assert {
    condition = (
      aws_api_gateway_method.chat.authorization == "NONE" &&
      length(aws_api_gateway_authorizer.person) == 0 &&
      length(setintersection(keys(aws_api_gateway_gateway_response.this), ["ACCESS_DENIED", "EXPIRED_TOKEN", "UNAUTHORIZED"])) == 0
    )
    error_message = "There is an authorizer, or its refusals."
  }
}

run "a_client_may_have_limits_of_its_own_and_two_keys_for_a_time" {
  command = plan

  variables {
    clients = {
      batch  = { plan = { rate_limit = 2, quota_limit = 9000 }, keys = ["1", "2027"] }
      mobile = {}
      web    = { keys = ["2027"] }
    }
  }

  assert {
    condition = { for key in aws_api_gateway_api_key.client : key.name => [key.enabled, key.description] } == {
      "chatbot-test-batch"      = [true, "Client batch of chatbot-test"]
      "chatbot-test-batch.2027" = [true, "Client batch of chatbot-test"]
      "chatbot-test-mobile"     = [false, "Client mobile of chatbot-test"]
      "chatbot-test-web.2027"   = [true, "Client web of chatbot-test"]
    }
    error_message = "A client has other keys than it was given, or the first one has another name than it had before there were two."
  }

  assert {
    condition = {
      for client, plan in aws_api_gateway_usage_plan.client : client => [
        plan.name, plan.throttle_settings[0].rate_limit, plan.throttle_settings[0].burst_limit,
        plan.quota_settings[0].limit, plan.quota_settings[0].period, one(plan.api_stages).stage,
      ]
    } == { batch = ["chatbot-basic-plan-batch", 2, 5, 9000, "MONTH", "v1"] }
    error_message = "A client's own limits do not hold, or what it leaves out is not what holds for all."
  }

  assert {
    condition = (
      keys(aws_api_gateway_usage_plan_key.client) == ["batch", "batch.2027", "mobile", "web.2027"] &&
      { for client, one in output.clients : client => length(one.api_key_ids) } == { batch = 2, mobile = 1, web = 1 }
    )
    error_message = "A key is on no plan, or is not handed on."
  }

  assert {
    condition = (
      aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 2 + 2 + 10 + 10 &&
      aws_api_gateway_method_settings.all.settings[0].throttling_burst_limit == 20
    )
    error_message = "The ceiling of the stage is not what all keys may use together."
  }
}

run "without_a_change_nothing_is_deployed_anew" {
  command = plan

  assert {
    condition     = aws_api_gateway_deployment.this.triggers.definition == run.by_default_post_chat_needs_a_key_and_nothing_else_is_open_or_logged.definition_hash
    error_message = "The same configuration has another hash."
  }
}

run "a_change_of_content_is_deployed" {
  command = plan

  variables {
    max_message_chars = 1999
  }

  assert {
    condition     = aws_api_gateway_deployment.this.triggers.definition != run.by_default_post_chat_needs_a_key_and_nothing_else_is_open_or_logged.definition_hash
    error_message = "A shorter message is allowed, and the stage goes on serving the old model."
  }
}

run "a_custom_domain_raises_tls_and_closes_the_default_endpoint" {
  command = plan

  variables {
    custom_domain = {
      certificate_arn        = "arn:aws:acm:us-east-2:111122223333:certificate/11111111-2222-3333-4444-555555555555"
      close_default_endpoint = true
      domain_name            = "chat-api.example.com"
    }
  }

  assert {
    condition = (
      aws_api_gateway_domain_name.this[0].security_policy == "TLS_1_2" &&
      aws_api_gateway_base_path_mapping.this[0].stage_name == "v1" &&
      aws_api_gateway_rest_api.this.disable_execute_api_endpoint &&
      output.url == "https://chat-api.example.com/chat"
    )
    error_message = "The custom domain accepts less than TLS 1.2, or can be gone round."
  }
}

run "while_callers_move_to_a_custom_domain_the_default_endpoint_stays_open" {
  command = plan

  variables {
    custom_domain = {
      certificate_arn        = "arn:aws:acm:us-east-2:111122223333:certificate/11111111-2222-3333-4444-555555555555"
      close_default_endpoint = false
      domain_name            = "chat-api.example.com"
    }
  }

  assert {
    condition = (
      length(aws_api_gateway_base_path_mapping.this) == 1 && !aws_api_gateway_rest_api.this.disable_execute_api_endpoint &&
      output.definition_hash != run.a_custom_domain_raises_tls_and_closes_the_default_endpoint.definition_hash
    )
    error_message = "Nobody could be reached until DNS points at the new name, or closing the old one would not be deployed."
  }
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

run "a_further_origin_gets_a_preflight_of_its_own_and_refusals_name_the_first" {
  command = plan

  variables {
    further_origins = ["https://shop.example.com", "http://localhost:5173"]
  }

  assert {
    condition = aws_api_gateway_integration_response.preflight.response_templates["application/json"] == join("", [
      "#if($input.params('Origin') == 'https://shop.example.com' || $input.params('origin') == 'https://shop.example.com')#set($context.responseOverride.header.Access-Control-Allow-Origin = 'https://shop.example.com')#end",
      "#if($input.params('Origin') == 'http://localhost:5173' || $input.params('origin') == 'http://localhost:5173')#set($context.responseOverride.header.Access-Control-Allow-Origin = 'http://localhost:5173')#end",
    ])
    error_message = "A further origin is not answered by its own name, or another is."
  }

  assert {
    condition = (
      aws_api_gateway_integration_response.preflight.response_parameters["method.response.header.Access-Control-Allow-Origin"] == "'https://chat.example.com'" &&
      aws_api_gateway_integration_response.preflight.response_parameters["method.response.header.Vary"] == "'Origin'" &&
      aws_api_gateway_method_response.preflight.response_parameters["method.response.header.Vary"]
    )
    error_message = "Whoever is none of them gets another name than the first, or a cache may mix them up."
  }

  assert {
    condition = toset([
      for refusal in aws_api_gateway_gateway_response.this : refusal.response_parameters["gatewayresponse.header.Access-Control-Allow-Origin"]
    ]) == toset(["'https://chat.example.com'"])
    error_message = "A refusal names another origin than the first."
  }
}

run "a_log_role_that_is_none_is_refused" {
  command = plan

  variables {
    log_role_arn = "ApiGatewayLoggingRole"
  }

  expect_failures = [aws_api_gateway_stage.this]
}

run "with_sign_in_a_question_needs_a_token_of_the_pool_as_well" {
  command = plan

  variables {
    identity = {
      user_pool_arns = ["arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_Example01"]
    }
  }

  assert {
    condition = (
      aws_api_gateway_method.chat.authorization == "COGNITO_USER_POOLS" &&
      length(coalesce(aws_api_gateway_method.chat.authorization_scopes, [])) == 0 &&
      aws_api_gateway_method.chat.api_key_required &&
      aws_api_gateway_authorizer.person[0].type == "COGNITO_USER_POOLS" &&
      aws_api_gateway_authorizer.person[0].identity_source == "method.request.header.Authorization" &&
      aws_api_gateway_authorizer.person[0].authorizer_result_ttl_in_seconds == 0 &&
      aws_api_gateway_authorizer.person[0].provider_arns == toset(var.identity.user_pool_arns)
    )
    error_message = "POST /chat can be called without an identity token of the pool, or without an API key."
  }

  assert {
    condition = (
      aws_api_gateway_method.preflight.authorization == "NONE" &&
      aws_api_gateway_integration_response.preflight.response_parameters["method.response.header.Access-Control-Allow-Headers"] == "'authorization,content-type,x-api-key'"
    )
    error_message = "A browser cannot ask whether it may send the token."
  }

  assert {
    condition = alltrue([for type in ["ACCESS_DENIED", "EXPIRED_TOKEN", "UNAUTHORIZED"] : (
      aws_api_gateway_gateway_response.this[type].status_code == "401" &&
      jsondecode(aws_api_gateway_gateway_response.this[type].response_templates["application/json"]).error.code == "unauthenticated" &&
      aws_api_gateway_gateway_response.this[type].response_parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://chat.example.com'"
    )])
    error_message = "Whoever is not signed in does not learn it, or the page may not read it."
  }

  assert {
    condition     = output.definition_hash != run.by_default_post_chat_needs_a_key_and_nothing_else_is_open_or_logged.definition_hash
    error_message = "Sign-in is asked for, and the stage goes on serving without."
  }
}

run "with_scopes_an_access_token_must_hold_one" {
  command = plan

  variables {
    identity = {
      user_pool_arns = ["arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_Example01"]
      scopes         = ["chatbot/ask"]
    }
  }

  assert {
    condition     = aws_api_gateway_method.chat.authorization_scopes == toset(["chatbot/ask"])
    error_message = "Identity tokens are accepted, or access tokens for something else."
  }

  assert {
    condition     = output.definition_hash != run.with_sign_in_a_question_needs_a_token_of_the_pool_as_well.definition_hash
    error_message = "Scopes are asked for, and the stage goes on serving without."
  }
}

run "with_sign_in_nobody_ends_a_conversation_without_a_token" {
  command = plan

  variables {
    function = {
      alias_invoke_arn = "arn:aws:apigateway:us-east-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-2:111122223333:function:chatbot-test:live/invocations"
      alias_name       = "live"
      conversations    = true
      function_name    = "chatbot-test"
    }
    identity = {
      user_pool_arns = ["arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_Example01"]
      scopes         = ["chatbot/ask"]
    }
  }

  assert {
    condition = (
      aws_api_gateway_method.conversation["delete"].authorization == "COGNITO_USER_POOLS" &&
      aws_api_gateway_method.conversation["delete"].authorization_scopes == toset(["chatbot/ask"]) &&
      aws_api_gateway_method.conversation["delete"].api_key_required &&
      aws_api_gateway_method.conversation["preflight"].authorization == "NONE"
    )
    error_message = "DELETE /chat/{id} takes no token, or a preflight needs one."
  }

  assert {
    condition = [for made in [
      aws_api_gateway_resource.conversation, aws_api_gateway_method_response.conversation, aws_api_gateway_integration_response.conversation,
    ] : length(made)] == [1, 1, 1]
    error_message = "There is not one path of a conversation, with one answer to a preflight."
  }
}
