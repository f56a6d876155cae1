# People sign in: a user pool of the same root, and access tokens with a scope of it. Your OIDC or SAML provider federates into the
# pool by an aws_cognito_identity_provider.

provider "aws" {
  region              = "us-east-2"
  allowed_account_ids = ["111122223333"]

  default_tags {
    tags = { application = "chatbot", environment = "staff" }
  }
}

resource "aws_cognito_user_pool" "people" {
  name                     = "chatbot-staff"
  auto_verified_attributes = ["email"]
  deletion_protection      = "ACTIVE"
  mfa_configuration        = "ON"
  username_attributes      = ["email"]

  admin_create_user_config {
    allow_admin_create_user_only = true # nobody makes an account for himself
  }

  software_token_mfa_configuration {
    enabled = true
  }
}

resource "aws_cognito_resource_server" "chatbot" {
  user_pool_id = aws_cognito_user_pool.people.id
  identifier   = "chatbot"
  name         = "Chatbot"

  scope {
    scope_name        = "ask"
    scope_description = "Ask the chatbot"
  }
}

# The page where people sign in, and what it may give the chat page: a token that opens the chatbot, and nothing of the person.
resource "aws_cognito_user_pool_domain" "people" {
  user_pool_id = aws_cognito_user_pool.people.id
  domain       = "chatbot-staff-example"
}

resource "aws_cognito_user_pool_client" "page" {
  user_pool_id = aws_cognito_user_pool.people.id
  name         = "chat-page"

  allowed_oauth_flows                  = ["code"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["openid", one(aws_cognito_resource_server.chatbot.scope_identifiers)]
  callback_urls                        = ["https://intranet.example.com/chat/"]
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]
  supported_identity_providers         = ["COGNITO"]
}

module "chatbot" {
  source = "../../modules/chatbot"

  environment    = "staff"
  package        = "${path.root}/../../build/chatbot.zip"
  allowed_origin = "https://intranet.example.com"

  clients = {
    web = { description = "The chat page" }
  }

  identity = {
    user_pool_arns = [aws_cognito_user_pool.people.arn]
    scopes         = ["chatbot/ask"]
  }

  operations = {
    alert_emails = ["oncall@example.com"]
  }

  # The organization has a trail.
  account = {
    api_gateway_log_role = {}
    invocation_logging   = {}
    trail                = null
  }
}

output "deployment" {
  description = "What was made."
  value       = module.chatbot.deployment
}
