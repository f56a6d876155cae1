# The real provider, offline, in three regions.
provider "aws" {
  region                      = "us-east-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "frankfurt"
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "tokyo"
  region                      = "ap-northeast-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

# What is asked here is decided before any layer; each has its own tests.
override_module {
  target = module.api
}

override_module {
  target = module.compute
}

override_module {
  target = module.edge
}

override_module {
  target = module.governance
}

override_module {
  target  = module.guardrail[0]
  outputs = { arn = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12", version = "1" }
}

variables {
  environment    = "test"
  package        = "../compute/tests/package.zip"
  allowed_origin = "https://chat.example.com"
  clients        = { web = {} }
  operations     = { alert_emails = ["oncall@example.com"] }
}

run "a_model_that_ended_this_year_is_warned_about_whatever_its_family" {
  command = plan

  variables {
    model = { inference_profile_id = "us.anthropic.claude-3-7-sonnet-20250219-v1:0", destination_regions = ["us-east-1", "us-east-2", "us-west-2"] }
  }

  expect_failures = [check.model_is_alive]
}

run "the_profile_routes_as_aws_documents_it" {
  command = plan

  assert {
    condition     = output.deployment.model == { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", regions = tolist(["us-east-1", "us-east-2", "us-west-2"]) }
    error_message = "The function may not call the model wherever its profile routes to."
  }
}

run "in_europe_a_profile_of_europe_needs_no_more_than_its_name" {
  command = plan

  providers = { aws = aws.frankfurt }

  variables {
    model = { inference_profile_id = "eu.anthropic.claude-haiku-4-5-20251001-v1:0" }
  }

  assert {
    condition     = output.deployment.model.regions == tolist(["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]) && output.deployment.region == "eu-central-1"
    error_message = "The function may not call the model wherever its profile routes to."
  }
}

run "a_profile_of_another_geography_is_refused" {
  command = plan

  providers = { aws = aws.frankfurt }

  expect_failures = [output.deployment]
}

run "a_profile_of_another_geography_is_refused_with_its_regions_as_well" {
  command = plan

  providers = { aws = aws.frankfurt }

  variables {
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-1", "us-east-2", "us-west-2"] }
  }

  expect_failures = [output.deployment]
}

run "a_profile_whose_routing_is_not_known_is_refused_without_its_regions" {
  command = plan

  variables {
    model = { inference_profile_id = "us.meta.llama-nobody-knows-v1:0" }
  }

  expect_failures = [output.deployment]
}

run "a_profile_whose_routing_is_not_known_is_taken_with_its_regions" {
  command = plan

  variables {
    model = { inference_profile_id = "us.meta.llama-nobody-knows-v1:0", destination_regions = ["us-east-2"] }
  }

  assert {
    condition     = output.deployment.model.regions == tolist(["us-east-2"])
    error_message = "A model that this module does not know could not be used."
  }
}

run "an_application_profile_of_any_geography_is_taken_with_its_regions" {
  command = plan

  providers = { aws = aws.frankfurt }

  variables {
    model = {
      inference_profile_id = "arn:aws:bedrock:eu-central-1:111122223333:application-inference-profile/abc123def456"
      destination_regions  = ["eu-central-1", "eu-west-1"]
      foundation_model_id  = "anthropic.claude-haiku-4-5-20251001-v1:0"
    }
  }

  assert {
    condition     = output.deployment.model.regions == tolist(["eu-central-1", "eu-west-1"])
    error_message = "An application inference profile could not be used."
  }
}

run "a_region_that_the_profile_routes_to_is_missed" {
  command = plan

  variables {
    model = { inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["us-east-2"] }
  }

  expect_failures = [check.model_is_allowed_wherever_its_profile_routes]
}

run "a_profile_that_aws_does_not_have_is_warned_about" {
  command = plan

  providers = { aws = aws.tokyo }

  variables {
    model = { inference_profile_id = "apac.anthropic.claude-haiku-4-5-20251001-v1:0", destination_regions = ["ap-northeast-1"] }
  }

  expect_failures = [check.model_is_allowed_wherever_its_profile_routes]
}
