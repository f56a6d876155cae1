"""SNS's API: what moto does otherwise."""
