terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }

  backend "s3" {
    bucket       = "REPLACE-ME-terraform-state" # 2. The bucket that this root makes: chatbot-state-<region>-<account>.
    key          = "chatbot/bootstrap.tfstate"
    region       = "us-east-2"
    encrypt      = true
    use_lockfile = true
  }
}
