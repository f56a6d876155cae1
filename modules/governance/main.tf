data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = split(".", data.aws_region.current.endpoint)[1] # .name is deprecated in version 6 of the provider, .region unknown in 5

  # Every name first, so that policies, patterns and alarms are known at plan. What AWS keeps once in an account, for all Regions
  # together, has the Region in its name; so has the trail, which every Region shows under its one name.
  global_name      = "${var.name}-${local.region}"
  key_alias        = "alias/${var.name}"
  topic_name       = "${var.name}-alerts"
  topic_arn        = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.topic_name}"
  watchdog_name    = "${local.topic_name}-watchdog"
  watchdog_arn     = "${local.topic_arn}-watchdog"
  deny_policy_name = "${local.global_name}-deny-tampering"
  deny_policy_arn  = "arn:${local.partition}:iam::${local.account}:policy/${local.deny_policy_name}"
  trail_name       = local.global_name
  trail_arn        = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${local.trail_name}"
  trail_bucket     = "${local.global_name}-trail-${local.account}"
  trail_bucket_arn = "arn:${local.partition}:s3:::${local.trail_bucket}"
  trail_log_group  = "/aws/cloudtrail/${var.name}"

  # Of this module's trail, or of one that is there already.
  watched_trail_log_group = var.trail == null ? var.watched.trail_log_group_name : local.trail_log_group

  invocation_log_group  = try(var.invocation_logging.log_group_name, null)
  invocation_log_role   = var.invocation_logging == null ? null : coalesce(var.invocation_logging.role_name, "BedrockLoggingRole-${local.region}")
  api_gateway_log_role  = var.api_gateway_log_role == null ? null : coalesce(var.api_gateway_log_role.role_name, "ApiGatewayLoggingRole-${local.region}")
  log_group_arn_prefix  = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:"
  iam_arn_prefix        = "arn:${local.partition}:iam::${local.account}:"
  cloudwatch_arn_prefix = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:"

  # The log groups that hold evidence, whichever module makes them.
  log_groups = compact([
    "/aws/lambda/${var.name}",
    "/aws/apigateway/${var.name}",
    "aws-waf-logs-${var.name}",
    var.trail == null ? null : local.trail_log_group,
    local.invocation_log_group,
  ])

  # The service roles that evidence flows through.
  service_roles = compact([
    "${local.global_name}-*",
    local.invocation_log_role,
    local.api_gateway_log_role,
  ])
}
