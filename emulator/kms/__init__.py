"""KMS: changes to moto."""
