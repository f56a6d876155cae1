output "alias_arn" {
  description = "ARN of the live alias."
  value       = aws_lambda_alias.live.arn
}

output "alias_invoke_arn" {
  description = "What an API Gateway integration calls: the live alias."
  value       = aws_lambda_alias.live.invoke_arn
}

output "alias_name" {
  description = "Name of the alias, the qualifier of the API's permission."
  value       = aws_lambda_alias.live.name
}

output "function_arn" {
  description = "ARN of the function, without a qualifier."
  value       = aws_lambda_function.this.arn
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.function.name
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = aws_iam_role.execution.arn
}

output "role_name" {
  description = "Name of the execution role."
  value       = aws_iam_role.execution.name
}

output "version" {
  description = "Number of the published version that the alias points at."
  value       = aws_lambda_function.this.version
}
