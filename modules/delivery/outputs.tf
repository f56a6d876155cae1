output "role_arns" {
  description = "ARNs of the roles: environment -> plan and apply. The second belongs in the environment's deploy_role_arns."
  value = {
    for env in var.environments : env => {
      for kind in ["apply", "plan"] : kind => aws_iam_role.this["${env} ${kind}"].arn
    }
  }
}

output "state_bucket" {
  description = "Name of the bucket that holds the state."
  value       = aws_s3_bucket.state.id
}

output "state_key_arn" {
  description = "ARN of the key that the state is encrypted with."
  value       = aws_kms_key.state.arn
}
