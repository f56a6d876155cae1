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
  resource_arn   = "arn:aws:apigateway:us-east-2::/restapis/abc123/stages/v1"
}

run "every_origin_and_what_aws_cannot_count_inspect_or_keep_is_refused" {
  command = plan

  variables {
    allowed_origin     = "*"
    limits             = { rate_requests = 9 }
    log_retention_days = 0
    prompt_injection   = { mode = "allow" }
  }

  expect_failures = [var.allowed_origin, var.limits, var.log_retention_days, var.prompt_injection]
}

run "an_origin_with_a_path_a_window_that_aws_lacks_and_text_left_in_capitals_are_refused" {
  command = plan

  variables {
    allowed_origin   = "https://chat.example.com/app"
    limits           = { rate_window_seconds = 90 }
    prompt_injection = { chains = { plain = ["COMPRESS_WHITE_SPACE", "LOWERCASE"], decoded = ["LOWERCASE", "URL_DECODE"] } }
  }

  expect_failures = [var.allowed_origin, var.limits, var.prompt_injection]
}

run "an_origin_without_tls_a_body_beyond_inspection_and_a_single_chain_are_refused" {
  command = plan

  variables {
    allowed_origin   = "http://chat.example.com"
    limits           = { body_bytes = 65537 }
    prompt_injection = { chains = { plain = ["COMPRESS_WHITE_SPACE", "LOWERCASE"] } }
  }

  expect_failures = [var.allowed_origin, var.limits, var.prompt_injection]
}

run "tuning_of_a_managed_group_that_is_not_there_is_refused" {
  command = plan

  variables {
    managed_rule_groups = { core-ruleset = { count_rules = ["GenericRFI_BODY"] } }
  }

  expect_failures = [var.managed_rule_groups]
}

run "more_than_ten_patterns_are_refused" {
  command = plan

  variables {
    prompt_injection = { patterns = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11"] }
  }

  expect_failures = [aws_wafv2_regex_pattern_set.prompt_injection]
}

run "no_pattern_at_all_is_refused" {
  command = plan

  variables {
    prompt_injection = { patterns = [] }
  }

  expect_failures = [aws_wafv2_regex_pattern_set.prompt_injection]
}

run "a_pattern_of_201_characters_is_refused" {
  command = plan

  variables {
    prompt_injection = { patterns = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] }
  }

  expect_failures = [aws_wafv2_regex_pattern_set.prompt_injection]
}

run "a_capturing_group_is_refused" {
  command = plan

  variables {
    prompt_injection = { patterns = ["ignore (all|previous)"] }
  }

  expect_failures = [aws_wafv2_regex_pattern_set.prompt_injection]
}

run "a_flag_in_a_pattern_is_refused" {
  command = plan

  variables {
    prompt_injection = { patterns = ["(?i)ignore all"] }
  }

  expect_failures = [aws_wafv2_regex_pattern_set.prompt_injection]
}

run "another_name_for_an_applied_web_acl_is_refused" {
  command = plan

  override_resource {
    target          = terraform_data.name
    override_during = plan
    values          = { output = "chatbot-before" }
  }

  expect_failures = [aws_wafv2_web_acl_association.this]
}

run "capacity_above_1500_is_refused" {
  command = plan

  variables {
    prompt_injection = {
      chains = {
        plain   = ["COMPRESS_WHITE_SPACE", "LOWERCASE"]
        decoded = ["URL_DECODE_UNI", "HTML_ENTITY_DECODE", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
        utf8    = ["UTF8_TO_UNICODE", "URL_DECODE_UNI", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
        base64  = ["BASE64_DECODE_EXT", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
        hex     = ["HEX_DECODE", "COMPRESS_WHITE_SPACE", "LOWERCASE"]
      }
    }
  }

  expect_failures = [aws_wafv2_web_acl.this]
}
