# Who the person is: a token of one of the user pools. The API key goes on telling clients apart.
#
# Without scopes API Gateway takes identity tokens, with scopes access tokens that hold at least one of them (API Gateway
# Developer Guide, "Control access to REST APIs using Amazon Cognito user pools"). It does not look at the app client.

resource "aws_api_gateway_authorizer" "person" {
  count = var.identity == null ? 0 : 1

  rest_api_id                      = aws_api_gateway_rest_api.this.id
  name                             = "person"
  type                             = "COGNITO_USER_POOLS"
  identity_source                  = "method.request.header.Authorization"
  provider_arns                    = var.identity.user_pool_arns
  authorizer_result_ttl_in_seconds = 0 # A token is good until it expires, and not for another five minutes.
}

locals {
  # Which of the three types stands for a missing, an expired and an insufficient token, AWS's documents do not say for
  # each: all are worded alike.
  sign_in_responses = {
    for type in ["ACCESS_DENIED", "EXPIRED_TOKEN", "UNAUTHORIZED"] : type => {
      status = "401", code = "unauthenticated", message = "You are not signed in, or your sign-in has ended. Sign in, and ask again."
    } if var.identity != null
  }
}
