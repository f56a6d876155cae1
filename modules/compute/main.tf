data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = split(".", data.aws_region.current.endpoint)[1] # .name is deprecated in version 6 of the provider, .region unknown in 5

  # What IAM keeps is the account's, for all Regions together.
  global_name = "${var.name}-${local.region}"

  log_group_name = "/aws/lambda/${var.name}"
  log_group_arn  = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group_name}"

  environment = merge(
    {
      ADDITIONAL_REQUEST_FIELDS = var.model.additional_request_fields
      ALLOWED_ORIGIN            = var.allowed_origin
      BLOCKED_MESSAGE           = var.guardrail.safety_message
      GUARDRAIL_ID              = var.guardrail.id
      GUARDRAIL_VERSION         = var.guardrail.version
      LEAK_MODE                 = var.chat.leak_mode
      LOG_LEVEL                 = var.chat.log_level
      MAX_MESSAGE_CHARS         = var.chat.max_message_chars
      MAX_OUTPUT_TOKENS         = var.chat.max_output_tokens
      METRICS_NAMESPACE         = "Chatbot"
      MODEL_ID                  = var.model.inference_profile_id
      SCREENING_MODE            = var.chat.screening_mode
      SERVICE_NAME              = var.name
      SYSTEM_PROMPT             = var.chat.system_prompt
    },
    var.chat.sign_in ? { SIGN_IN = "required" } : {},
    length(var.chat.further_origins) == 0 ? {} : { FURTHER_ORIGINS = join(" ", var.chat.further_origins) },
    { for name, value in {
      BUDGET       = try(var.chat.memory.budget, null)
      CONVERSATION = try(var.chat.memory.conversation, null)
      TABLE_NAME   = try(var.chat.memory.table_name, null)
    } : name => value if value != null },
    var.chat.patterns == null ? {} : { PROMPT_INJECTION_PATTERNS = join("\n", var.chat.patterns) },
  )

  # Lambda takes 4 KB of variables, all together (AWS Lambda Developer Guide, "Lambda quotas"), and names them as JSON when it refuses
  # them. AWS invents the guardrail's id and number, so that the longest are the placeholders. jsonencode writes <, > and & in six characters,
  # and four base64 characters encode three bytes.
  environment_json  = replace(jsonencode(merge(local.environment, { GUARDRAIL_ID = format("%64s", ""), GUARDRAIL_VERSION = "99999999" })), "/\\\\u00(?:3c|3e|26)/", "_")
  environment_bytes = floor(length(base64encode(local.environment_json)) * 3 / 4)
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:API Gateway invokes synchronously and answers the client; there is no event to lose
  #checkov:skip=CKV_AWS_117:it reaches public AWS APIs over TLS only; a VPC adds cost, so it is the caller's choice (runtime.vpc)
  #checkov:skip=CKV_AWS_173:the variables hold identifiers and no secrets; a CMK would cost the role kms:Decrypt
  #checkov:skip=CKV_AWS_272:the package is reproducible and its hash is in the plan, which is what a signature would attest

  function_name = var.name
  description   = "Answers POST /chat with a Bedrock model behind a guardrail"
  role          = aws_iam_role.execution.arn

  filename          = local.package_path
  s3_bucket         = local.package_object.s3_bucket
  s3_key            = local.package_object.s3_key
  s3_object_version = local.package_object.s3_object_version
  source_code_hash  = local.package_hash
  handler           = "chatbot.handler.lambda_handler"
  runtime           = "python3.12"
  architectures     = [var.runtime.architecture]
  memory_size       = var.runtime.memory_mb
  timeout           = var.timeout_seconds

  # The alias moves from one immutable version to the next, so a deployment is all or nothing.
  publish = true

  # Caps what a flood that got past the edge can spend on the model.
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.tags

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function.name
    # Lambda drops a line by its level, and with the line the metrics in it, on which the alarms rest (AWS Lambda Developer
    # Guide, "Log-level filtering"). So its own filter stays at INFO, and the function filters by LOG_LEVEL.
    application_log_level = "INFO"
    system_log_level      = "INFO" # platform.report, which carries duration and memory, is an INFO record
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = var.runtime.vpc == null ? [] : [var.runtime.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  dynamic "snap_start" {
    for_each = var.runtime.snap_start ? [1] : []
    content {
      apply_on = "PublishedVersions"
    }
  }

  lifecycle {
    precondition {
      condition     = local.environment_bytes <= 4096
      error_message = "The function's settings take ${local.environment_bytes} bytes, and Lambda takes 4,096: shorten the system prompt (${length(var.chat.system_prompt)} characters), the prompt-injection patterns (${length(join("", coalesce(var.chat.patterns, [""])))}) or the safety message (${length(var.guardrail.safety_message)})."
    }
  }

  # A version must not answer before its role may do what it needs, and before what it must not do is denied.
  depends_on = [
    aws_iam_role_policy.further,
    aws_iam_role_policy.guardrail,
    aws_iam_role_policy.invoke,
    aws_iam_role_policy.memory,
    aws_iam_role_policy.vpc,
    aws_iam_role_policy_attachment.deny_tampering,
  ]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that the API calls"
  function_name    = aws_lambda_function.this.function_name
  function_version = var.runtime.snap_start ? aws_lambda_invocation.ready[0].qualifier : aws_lambda_function.this.version

  # scripts/release.py gives the version before all the weight, in seconds: Terraform would take it back.
  lifecycle {
    ignore_changes = [routing_config]

    precondition {
      condition     = length(data.aws_lambda_function.uploaded) == 0 || one(data.aws_lambda_function.uploaded[*].code_sha256) == local.package_hash
      error_message = "s3://${coalesce(local.package_object.s3_bucket, "-")}/${coalesce(local.package_object.s3_key, "-")} is another package than the one whose SHA-256 package.sha256 holds. Callers stay with the version before. Compare with the sha256 that the release names, and correct the key, the version or the hash."
    }
  }
}
