data "aws_region" "current" {}

locals {
  region = split(".", data.aws_region.current.endpoint)[1] # .name is deprecated in version 6 of the provider, .region unknown in 5

  # Every name first, so that nothing has to wait for another module to learn one.
  name              = "${var.name}-${var.environment}"
  stage_name        = "v1"
  metrics_namespace = "Chatbot" # What modules/compute sets in the function.

  # Ours, or one that was made elsewhere.
  guardrail = var.guardrail.existing != null ? var.guardrail.existing : {
    arn              = module.guardrail[0].arn
    id               = module.guardrail[0].id
    previous_version = null # The number before: each change publishes the next.
    safety_message   = module.guardrail[0].safety_message
    version          = module.guardrail[0].version
  }
}

# The name under which the environment was first applied. A new name would replace nearly everything while callers come: the
# association of the web ACL, the function, the log groups with what they hold. The output refuses it.
resource "terraform_data" "name" {
  input = local.name

  lifecycle {
    ignore_changes = [input]
  }
}
