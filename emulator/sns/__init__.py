"""SNS: changes to moto."""
