"""KMS's API: what moto does otherwise."""
