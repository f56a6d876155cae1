"""CloudWatch, as far as moto does not answer as AWS does."""
