data "aws_region" "current" {}

locals {
  # Every name first, so that nothing has to wait for another module to learn one.
  name              = "chatbot-${var.environment}"
  stage_name        = "v1"
  metrics_namespace = "Chatbot" # What modules/compute tells the function.
}
