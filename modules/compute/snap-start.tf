# With SnapStart a published version is Pending while Lambda takes its snapshot, a minute or two in which every call of it
# fails, and API Gateway answers 500 (AWS Lambda Developer Guide, "Troubleshooting SnapStart errors"). Provider 5.100 waits
# for a version when it updates a function, and does not when it creates one (hashicorp/terraform-provider-aws #42693). So
# the alias takes the version from an invocation, which fails while the version is Pending.

# What waits. Lambda refuses every action on a Pending version ("Lambda SnapStart and function states"), and of all resources
# this one tries again for five minutes. It grants nothing: a statement for an account leaves the decision to its policies.
resource "aws_lambda_permission" "wait" {
  count = var.runtime.snap_start ? 1 : 0

  statement_id  = "WaitForTheSnapshot"
  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_function.this.version
  action        = "lambda:GetFunctionConfiguration"
  principal     = local.account
}

resource "aws_lambda_invocation" "ready" {
  count = var.runtime.snap_start ? 1 : 0

  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_function.this.version
  input         = "{}" # no message: the function refuses it, and asks no model

  depends_on = [aws_lambda_permission.wait]
}
