output "role_arns" {
  description = "For the repository's variables AWS_PLAN_ROLE_<ENV> and AWS_APPLY_ROLE_<ENV>, and for deploy_role_arns."
  value       = module.delivery.role_arns
}
