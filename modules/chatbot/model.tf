# Where the inference profile routes to from here, by what AWS documents (aws-facts.json, which is dated).
locals {
  facts = jsondecode(file("${path.module}/aws-facts.json"))

  # An application inference profile hides its model in an ARN; the caller then names it.
  profile_name = reverse(split("/", var.model.inference_profile_id))[0]
  geography    = split(".", local.profile_name)[0]
  model_id     = coalesce(var.model.foundation_model_id, trimprefix(local.profile_name, "${local.geography}."))

  known_model    = try(local.facts.models[local.model_id], null)
  known_profiles = try({ for geography, profile in local.known_model.profiles : geography => profile }, {})
  profile        = var.model.foundation_model_id == null ? try(local.known_profiles[local.geography], null) : null

  # The calling Region is a destination of its own.
  documented_regions = (
    try(contains(local.profile.from, local.region), false) && try(local.profile.to, null) != null
    ? sort(distinct(concat(local.profile.to, [local.region])))
    : null
  )

  # A bare model id has no geography; modules/compute refuses it with the reason.
  fits_region = anytrue([for prefix in try(local.facts.geographies[local.geography], [""]) : startswith(local.region, prefix)])

  # The calling Region is the placeholder for what is not known, so that the one error is that of the output `model`.
  destination_regions = coalesce(var.model.destination_regions, local.documented_regions, [local.region])

  profiles_here = sort([
    for geography, profile in local.known_profiles : "${geography}.${local.model_id}" if contains(profile.from, local.region)
  ])
  offer = length(local.profiles_here) > 0 ? "From here AWS offers ${join(", ", local.profiles_here)}." : "`aws bedrock list-inference-profiles --region ${local.region}` lists what AWS offers here."
}
