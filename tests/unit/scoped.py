"""A small environment, as test_scope.py changes it."""

MAIN = """
module "chatbot" {
  source = "../../modules/chatbot"

  name     = "chatbot"
  function = { memory = 512 }
  limits = {
    rate  = 50
    shown = false
  }
  most     = 100
  bursts   = { most = 5 }
  prompt   = <<-EOT
  limits = none
}
  EOT
}

provider "aws" {
  region = "us-east-2"
}

output "deployment" {
  value = module.chatbot.deployment
}
"""
CHATBOT = """
data "aws_region" "current" {}

locals {
  name  = "${var.name}-dev"
  rates = var.limits.rate

  suffix = "/chat"
}

variable "function" {
  type = any
}

variable "limits" {
  type = any

  validation {
    condition     = var.limits.rate <= var.most
    error_message = "Too many."
  }
}

variable "prompt" {
  type = string

  validation {
    condition     = length(var.prompt) <= var.function.memory
    error_message = "Too long."
  }
}

resource "terraform_data" "name" {
  input = local.name
}

module "api" {
  source = "../api"

  function = module.compute.alias_arn
  prompt   = var.prompt
}

module "compute" {
  source = "../compute"

  function = var.function
}

module "edge" {
  source = "../edge"

  name  = local.name
  rate  = local.rates
  burst = var.bursts.most
  stage = "${module.api.stage_arn}${local.suffix}"
}

check "prompt" {
  assert {
    condition     = length(var.prompt) > 0
    error_message = "Nothing is asked of the model."
  }
}

output "deployment" {
  value = {
    alias   = module.compute.alias_arn
    web_acl = module.edge.arn
  }

  precondition {
    condition     = terraform_data.name.output == local.name
    error_message = "No renaming."
  }
}
"""
API = """
locals {
  stage = "v1"
}

variable "throttle" {
  default = 10
}

variable "stage_suffix" {
  default = ""
}

resource "aws_api_gateway_deployment" "this" {
  description = "made here"
}

resource "aws_api_gateway_stage" "this" {
  name = local.stage

  throttle = var.throttle
}

moved {
  from = aws_api_gateway_stage.live
  to   = aws_api_gateway_stage.this
}

output "stage_arn" {
  value = "${aws_api_gateway_stage.this.arn}${var.stage_suffix}"
}

output "deployment_id" {
  value = aws_api_gateway_deployment.this.id
}
"""
COMPUTE = """
locals {
  prefix = "live"
  memory = var.function.memory
}

resource "aws_lambda_function" "this" {
  memory_size = local.memory

  environment {
    variables = {}
  }
}

resource "aws_lambda_alias" "live" {
  count = 1
}

output "alias_arn" {
  value = "${aws_lambda_alias.live[0].arn}/${local.prefix}"
}
"""
EDGE = """
resource "aws_wafv2_web_acl" "this" {
  rate = var.rate
}

output "arn" {
  value = aws_wafv2_web_acl.this.arn
}
"""
TEXTS = {"chatbot": CHATBOT, "api": API, "compute": COMPUTE, "edge": EDGE}
