terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }

  backend "s3" {
    bucket       = "REPLACE-ME-terraform-state" # 2. The bucket that holds your state: chatbot-state-<region>-<account>, if envs/bootstrap made it.
    key          = "chatbot/prod.tfstate"
    region       = "us-east-2"
    encrypt      = true
    use_lockfile = true
  }
}
