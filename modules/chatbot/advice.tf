# Warnings and no errors: AWS may extend a life or add a region, and the list ages.
check "model_is_alive" {
  assert {
    condition     = try(timecmp(plantimestamp(), "${local.known_model.ends}T00:00:00Z") < 0, true)
    error_message = "${local.model_id} has reached its end of life on Amazon Bedrock (${try(coalesce(local.known_model.ends), "no date")}), and requests to it fail. Take an active model, such as anthropic.claude-haiku-4-5-20251001-v1:0 through its profile: `aws bedrock get-foundation-model` shows modelLifecycle."
  }
}

check "model_is_allowed_wherever_its_profile_routes" {
  assert {
    condition     = try(length(setsubtract(local.documented_regions, var.model.destination_regions)) == 0, true)
    error_message = "${var.model.inference_profile_id} also routes to ${try(join(", ", setsubtract(local.documented_regions, var.model.destination_regions)), "")} from ${local.region}, where the function may not call the model: requests would fail now and then. Leave model.destination_regions out, or add them."
  }

  assert {
    condition = (
      !local.fits_region || var.model.foundation_model_id != null || length(local.known_profiles) == 0 ||
      try(contains(local.profile.from, local.region), false)
    )
    error_message = "AWS documents no profile ${var.model.inference_profile_id} in ${local.region} (aws-facts.json of ${local.facts.as_of}), and would then answer every request with \"The provided model identifier is invalid\". ${local.offer}"
  }
}

check "somebody_is_notified" {
  assert {
    condition     = length(var.operations.alert_emails) > 0
    error_message = "operations.alert_emails is empty: alarms and tamper alerts go to an SNS topic that nobody has subscribed to here."
  }
}

check "the_default_endpoint_is_closed_once_there_is_a_custom_domain" {
  assert {
    condition     = try(var.api.custom_domain.close_default_endpoint, true)
    error_message = "The default endpoint is open beside ${try(var.api.custom_domain.domain_name, "")}, and accepts TLS 1.0. Once DNS points at the new name and the callers use it, set api.custom_domain.close_default_endpoint = true."
  }
}
