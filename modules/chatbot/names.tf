data "aws_region" "current" {}

locals {
  # The name of the region under a deprecated attribute in one major version of the provider or the other; the host has it in both.
  region = split(".", data.aws_region.current.endpoint)[1]

  # Every name first, so that nothing has to wait for another module to learn one.
  name              = "chatbot-${var.environment}"
  stage_name        = "v1"
  metrics_namespace = "Chatbot" # What modules/compute tells the function.
}
