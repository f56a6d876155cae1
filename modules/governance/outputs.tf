output "alarm_name_prefix" {
  description = "Beginning of the alarms' names; null without alarms."
  value       = var.monitoring.alarms == null ? null : "${var.name}-"
}

output "alerts_topic_arn" {
  description = "ARN of the topic that alarms and tamper events go to."
  value       = aws_sns_topic.alerts.arn
}

output "api_gateway_log_role_arn" {
  description = "ARN of the role API Gateway writes access logs with, once the account uses it; null when not managed here."
  value       = one(aws_api_gateway_account.this[*].cloudwatch_role_arn)
}

output "dashboard_name" {
  description = "Name of the dashboard, which is one in the account for all Regions; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "deny_policy_arn" {
  description = "ARN of the policy that denies tampering, to be attached to every role of the application."
  value       = local.deny_policy_arn

  # Known at plan, yet nobody may attach the policy before it is there.
  depends_on = [aws_iam_policy.deny_tampering]
}

output "invocation_log_group_name" {
  description = "Name of the log group with every prompt and answer; null when not managed here."
  value       = one(aws_cloudwatch_log_group.invocations[*].name)
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts logs, trail and alerts."
  value       = local.key_arn
}

output "kms_key_id" {
  description = "Id of that key."
  value       = local.key_id
}

output "kms_key_policy" {
  description = "The policy that the key needs, and that a key of your own must have. Known at plan, and does not depend on the key."
  value       = data.aws_iam_policy_document.key.minified_json
}

output "scp_json" {
  description = "Service control policy with the same denials for everybody but the deploy roles, for the organisation's management account to attach; null when no deploy role is named, since it would lock out the deployment."
  value       = length(var.deploy_role_arns) == 0 ? null : data.aws_iam_policy_document.scp.minified_json

  precondition {
    condition     = length(data.aws_iam_policy_document.scp.minified_json) <= 5120
    error_message = "The service control policy is ${length(data.aws_iam_policy_document.scp.minified_json)} characters long; AWS Organizations takes at most 5,120. Name fewer deploy roles."
  }
}

output "trail_arn" {
  description = "ARN of the trail; null when not managed here."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "trail_bucket" {
  description = "Name of the bucket that the trail writes to; null when not managed here."
  value       = one(aws_s3_bucket.trail[*].bucket)
}

output "trail_log_group_name" {
  description = "Name of the log group that the trail writes to; null when not managed here."
  value       = one(aws_cloudwatch_log_group.trail[*].name)
}

output "watched_trail_log_group_name" {
  description = "Name of the trail's log group that metric filters and alarms read, whoever manages it; null when there is none."
  value       = var.monitoring.alarms == null ? null : local.watched_trail_log_group
}
