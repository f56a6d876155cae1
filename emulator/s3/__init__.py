"""S3, as far as moto does not answer as AWS does."""
