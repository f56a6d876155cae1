provider "aws" {
  region              = "us-east-2"
  allowed_account_ids = ["111122223333"] # 1. The account that it prepares; Terraform touches no other.

  default_tags {
    tags = {
      application = "chatbot"
      environment = "bootstrap"
      managed_by  = "terraform"
    }
  }
}
