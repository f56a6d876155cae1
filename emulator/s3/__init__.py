"""S3: what AWS refuses, and changes to moto."""
