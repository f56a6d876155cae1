# With runtime.vpc, Lambda makes and removes network interfaces with the function's own role. The function's code needs none of
# it, and Lambda's own calls do not carry lambda:SourceFunctionArn: creating an interface is the guide's example (AWS Lambda
# Developer Guide, "Using source function ARN to control function access behavior").

locals {
  ec2_arn = "arn:${local.partition}:ec2:${local.region}"

  # A subnet that another account shares with this one has that account in its ARN.
  network_arns = var.runtime.vpc == null ? [] : concat(
    ["${local.ec2_arn}:${local.account}:network-interface/*"],
    [for id in var.runtime.vpc.subnet_ids : "${local.ec2_arn}:*:subnet/${id}"],
    [for id in var.runtime.vpc.security_group_ids : "${local.ec2_arn}:*:security-group/${id}"],
  )

  # What AWSLambdaVPCAccessExecutionRole allows on everything. The guide has "*/*" for an interface that is removed, since its id
  # is not known ("Giving Lambda functions access to resources in an Amazon VPC"); Describe knows no resources.
  network_permissions = var.runtime.vpc == null ? {} : {
    CreateInterfaces    = { actions = ["ec2:CreateNetworkInterface"], resources = local.network_arns }
    ManageInterfaces    = { actions = ["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"], resources = ["${local.ec2_arn}:${local.account}:*/*"] }
    DescribeWhatIsThere = { actions = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], resources = ["*"] }
  }
}

data "aws_iam_policy_document" "vpc" {
  #checkov:skip=CKV_AWS_111:EC2 has no resources for Describe; the function's code is denied all of it
  #checkov:skip=CKV_AWS_356:EC2 has no resources for Describe; the function's code is denied all of it
  count = var.runtime.vpc == null ? 0 : 1

  dynamic "statement" {
    for_each = local.network_permissions
    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  # Stops code in the function from adding interfaces and addresses to the network, or removing those of others.
  statement {
    sid       = "DenyNetworkToTheFunctionsCode"
    effect    = "Deny"
    actions   = ["ec2:*"]
    resources = ["*"]

    condition {
      test     = "Null"
      variable = "lambda:SourceFunctionArn"
      values   = ["false"]
    }
  }
}

resource "aws_iam_role_policy" "vpc" {
  count = var.runtime.vpc == null ? 0 : 1

  name   = "vpc"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.vpc[0].minified_json
}
