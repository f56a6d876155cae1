# GitHub's tokens, and the roles that they open. An account has one provider of an address.
resource "aws_iam_openid_connect_provider" "this" {
  count = var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = [local.audience]
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = each.value.name
  description        = each.value.description
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].minified_json
}

# Every claim is compared as a whole: a pattern that ends in * would let in what somebody else names.
data "aws_iam_policy_document" "trust" {
  #checkov:skip=CKV_AWS_358:the claims come from a map, which it does not read; the tests ask the policies with tokens of others
  for_each = local.roles

  statement {
    sid     = "WorkflowsOfTheRepository"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    dynamic "condition" {
      for_each = each.value.claims
      content {
        test     = "StringEquals"
        variable = "${local.issuer}:${condition.key}"
        values   = condition.value
      }
    }
  }
}
