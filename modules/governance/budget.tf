locals {
  # Billing of AWS GovCloud (US) is in the standard account that belongs to it, and there is no AWS Budgets (AWS GovCloud (US) User
  # Guide, "AWS GovCloud (US) Billing and Payment"; botocore names no endpoint).
  has_budgets = local.partition != "aws-us-gov"
  budget      = local.has_budgets ? var.monitoring.budget : null
}

check "the_month_has_a_budget" {
  assert {
    condition     = local.has_budgets || var.monitoring.budget == null
    error_message = "AWS GovCloud (US) has no AWS Budgets, so that no budget is made here. Make one in the standard account that pays for this one, and write monitoring.budget = null."
  }
}

# Spend of the whole account: a filter by tag needs cost allocation tags that only the payer can switch on, and Anthropic's
# models are billed through AWS Marketplace, where the chatbot's tags do not reach.
resource "aws_budgets_budget" "month" {
  count = local.budget == null ? 0 : 1

  name         = "${local.global_name}-month"
  budget_type  = "COST"
  limit_amount = tostring(local.budget.monthly_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = var.tags

  dynamic "notification" {
    for_each = toset(["50", "80", "100"])
    content {
      notification_type         = "ACTUAL"
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alerts.arn]
    }
  }

  # AWS Budgets tries the topic when a notification is made.
  depends_on = [aws_sns_topic_policy.alerts]
}

moved {
  from = aws_budgets_budget.month
  to   = aws_budgets_budget.month[0]
}
