"""Amazon Cognito: user pools, and the tokens that they sign."""
