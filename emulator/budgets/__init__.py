"""AWS Budgets: changes to moto."""
