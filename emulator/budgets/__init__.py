"""AWS Budgets' API: what moto lacks or does otherwise."""
