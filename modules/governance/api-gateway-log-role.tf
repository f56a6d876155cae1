# API Gateway writes access logs through one role for the whole account and Region, whichever API they come from.
data "aws_iam_policy_document" "api_gateway_trust" {
  statement {
    sid     = "ApiGatewayWritesLogs"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

# What AWS's managed policy for this purpose holds: API Gateway refuses a role that has less.
data "aws_iam_policy_document" "api_gateway_logs" {
  #checkov:skip=CKV_AWS_108:the role serves every API of the account, and API Gateway refuses a role that may do less
  #checkov:skip=CKV_AWS_111:the role serves every API of the account, and API Gateway refuses a role that may do less
  #checkov:skip=CKV_AWS_356:the role serves every API of the account, and API Gateway refuses a role that may do less
  statement {
    sid = "WriteAccessLogs"
    actions = [
      "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
      "logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "api_gateway" {
  count = var.api_gateway_log_role == null ? 0 : 1

  name               = local.api_gateway_log_role
  description        = "Lets API Gateway write access logs"
  assume_role_policy = data.aws_iam_policy_document.api_gateway_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "api_gateway" {
  count = var.api_gateway_log_role == null ? 0 : 1

  name   = "write-access-logs"
  role   = aws_iam_role.api_gateway[0].name
  policy = data.aws_iam_policy_document.api_gateway_logs.minified_json
}

resource "aws_api_gateway_account" "this" {
  count = var.api_gateway_log_role == null ? 0 : 1

  cloudwatch_role_arn = aws_iam_role.api_gateway[0].arn

  # API Gateway tries the role when it is set.
  depends_on = [aws_iam_role_policy.api_gateway]
}
