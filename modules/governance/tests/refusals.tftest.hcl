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
  name             = "chatbot-test"
  deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
  guardrail_arn    = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
  watched = {
    api_name          = "chatbot-test"
    api_stage         = "v1"
    function_name     = "chatbot-test"
    metrics_namespace = "Chatbot"
    web_acl_name      = "chatbot-test"
  }
}

run "an_alarm_that_is_not_there_is_refused" {
  command = plan

  variables {
    alerts = { emails = [], thresholds = { waf-blockd = 7 } }
  }

  expect_failures = [var.alerts]
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    alerts = { emails = ["oncall"] }
  }

  expect_failures = [var.alerts]
}

run "a_wildcard_exception_is_refused" {
  command = plan

  variables {
    deploy_role_arns = ["arn:aws:iam::111122223333:role/deploy*"]
  }

  expect_failures = [var.deploy_role_arns]
}

run "an_exception_for_a_user_is_refused" {
  command = plan

  variables {
    deploy_role_arns = ["arn:aws:iam::111122223333:user/root"]
  }

  expect_failures = [var.deploy_role_arns]
}

run "binding_a_deploy_role_is_refused" {
  command = plan

  variables {
    bound_role_names = ["deploy"]
  }

  expect_failures = [var.bound_role_names]
}

run "prompts_for_ever_are_refused" {
  command = plan

  variables {
    invocation_logging = { retention_days = 0 }
  }

  expect_failures = [var.invocation_logging]
}

run "logs_for_ever_are_refused" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}

run "a_trails_log_for_ever_is_refused" {
  command = plan

  variables {
    trail = { log_retention_days = 0, object_lock_days = 1, object_lock_mode = "GOVERNANCE" }
  }

  expect_failures = [var.trail]
}

run "an_unknown_lock_is_refused" {
  command = plan

  variables {
    trail = { object_lock_days = 1, object_lock_mode = "LEGAL" }
  }

  expect_failures = [var.trail]
}

run "a_lock_of_no_days_is_refused" {
  command = plan

  variables {
    trail = { object_lock_days = 0, object_lock_mode = "GOVERNANCE" }
  }

  expect_failures = [var.trail]
}

run "destroying_a_compliance_locked_trail_is_refused" {
  command = plan

  variables {
    trail = { object_lock_days = 1, object_lock_mode = "COMPLIANCE", force_destroy = true }
  }

  expect_failures = [var.trail]
}

run "a_name_too_long_for_a_bucket_is_refused" {
  command = plan

  variables {
    name = "chatbot-with-a-name-that-leaves-no-room-for-the-account"
  }

  expect_failures = [var.name]
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    alerts = { emails = [], monthly_budget_usd = 0 }
  }

  expect_failures = [var.alerts]
}
