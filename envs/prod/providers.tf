provider "aws" {
  region              = "us-east-2"
  allowed_account_ids = ["111122223333"] # 1. The account that this environment lives in; Terraform touches no other.

  default_tags {
    tags = {
      application = "chatbot"
      environment = "prod"
      managed_by  = "terraform"
    }
  }
}
