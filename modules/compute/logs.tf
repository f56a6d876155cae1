# Made here and not by Lambda at the first call, or it would have neither a key nor an end.
resource "aws_cloudwatch_log_group" "function" {
  name              = local.log_group_name
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}
