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

variables {
  name = "chatbot-an-environment-1" # The longest that modules/chatbot makes.
}

run "a_key_that_is_brought_encrypts_all_and_is_protected_by_the_same_name" {
  command = plan

  variables {
    kms_key = { arn = "arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab" }
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && aws_kms_alias.this.target_key_id == "mrk-1234abcd12ab34cd56ef1234567890ab"
    error_message = "A second key is made, or the policies protect another one than is used."
  }

  assert {
    condition = toset([
      aws_cloudwatch_log_group.trail[0].kms_key_id, aws_cloudwatch_log_group.invocations[0].kms_key_id, aws_cloudtrail.this[0].kms_key_id,
      one(one(aws_s3_bucket_server_side_encryption_configuration.trail[0].rule).apply_server_side_encryption_by_default).kms_master_key_id,
      output.kms_key_arn,
    ]) == toset(["arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"])
    error_message = "A log or a record is encrypted with another key."
  }

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == output.kms_key_id && output.kms_key_id == "mrk-1234abcd12ab34cd56ef1234567890ab"
    error_message = "The topic is encrypted with another key."
  }

  assert {
    condition     = length(jsondecode(output.kms_key_policy).Statement) == 7
    error_message = "The policy that the key needs is no output."
  }
}

run "the_policy_that_is_an_output_is_that_of_the_key_that_is_made" {
  command = plan

  assert {
    condition     = jsondecode(output.kms_key_policy) == jsondecode(aws_kms_key.this[0].policy)
    error_message = "Who brings a key would give it another policy."
  }
}

run "an_alias_is_refused_as_the_key" {
  command = plan

  variables {
    kms_key = { arn = "arn:aws:kms:us-east-2:111122223333:alias/theirs" }
  }

  expect_failures = [var.kms_key]
}

run "a_key_of_another_region_is_refused" {
  command = plan

  variables {
    kms_key = { arn = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  expect_failures = [var.kms_key]
}

run "what_somebody_else_watches_is_left_out" {
  command = plan

  variables {
    monitoring = { alarms = null, budget = null, dashboard = null }
  }

  assert {
    condition = (
      length(aws_cloudwatch_metric_alarm.this) == 0 && length(aws_cloudwatch_log_metric_filter.trail) == 0 &&
      length(aws_budgets_budget.month) == 0 && length(aws_cloudwatch_dashboard.this) == 0
    )
    error_message = "Something is made that was left out."
  }

  assert {
    condition     = !strcontains(output.kms_key_policy, "budgets") && !strcontains(aws_sns_topic_policy.alerts.policy, "budgets")
    error_message = "AWS Budgets may send what nobody asked it for."
  }

  assert {
    condition     = output.alarm_name_prefix == null && output.dashboard_name == null && output.watched_trail_log_group_name == null
    error_message = "Something is named that is not there."
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.tamper) == 10 && length(aws_cloudtrail.this) == 1
    error_message = "Changes of controls raise alerts all the same, and the trail stays."
  }
}

run "one_of_the_three_can_stay" {
  command = plan

  variables {
    monitoring = { alarms = null, budget = {}, dashboard = {} }
  }

  assert {
    condition = (
      length(aws_budgets_budget.month) == 1 &&
      !anytrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.type == "alarm"])
    )
    error_message = "CloudWatch refuses a widget of no alarms."
  }
}

run "the_log_group_of_a_trail_that_is_there_has_its_alarms" {
  command = plan

  variables {
    memory_table_name = "chatbot-an-environment-1"
    trail             = null
    watched = {
      api_name                 = "chatbot-test"
      api_stage                = "v1"
      function_concurrency     = 10
      function_name            = "chatbot-test"
      function_timeout_seconds = 28
      metrics_namespace        = "Chatbot"
      quota                    = { period = "MONTH", requests = 500 }
      trail_log_group_name     = "/aws/cloudtrail/organization"
      web_acl_name             = "chatbot-test"
    }
  }

  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.trail : filter.log_group_name == "/aws/cloudtrail/organization"]) && length(aws_cloudwatch_log_metric_filter.trail) == 2
    error_message = "The filters are not on the trail's log group."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["trail-silent"].dimensions == tomap({ LogGroupName = "/aws/cloudtrail/organization" }) && contains(keys(aws_cloudwatch_metric_alarm.this), "identity-changes")
    error_message = "An alarm of the trail is missing."
  }

  assert {
    condition     = strcontains(aws_cloudwatch_event_rule.tamper["logs-changed"].event_pattern, "*/aws/cloudtrail/organization*")
    error_message = "The filters could be taken off the group in silence."
  }

  assert {
    condition     = length(aws_cloudtrail.this) == 0 && !strcontains(output.scp_json, "organization") && !strcontains(output.kms_key_policy, "organization")
    error_message = "The group is somebody else's: neither locked here nor encrypted with this key."
  }

  assert {
    condition     = output.watched_trail_log_group_name == "/aws/cloudtrail/organization" && output.trail_log_group_name == null
    error_message = "The group is not output as what it is: read here, managed elsewhere."
  }
}

run "two_trails_for_one_alarm_are_refused" {
  command = plan

  variables {
    watched = {
      api_name                 = "chatbot-test"
      api_stage                = "v1"
      function_concurrency     = 10
      function_name            = "chatbot-test"
      function_timeout_seconds = 28
      metrics_namespace        = "Chatbot"
      quota                    = { period = "MONTH", requests = 500 }
      trail_log_group_name     = "/aws/cloudtrail/organization"
      web_acl_name             = "chatbot-test"
    }
  }

  expect_failures = [var.watched]
}
