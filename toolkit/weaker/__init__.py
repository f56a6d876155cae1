"""What a plan of Terraform makes weaker, in sentences."""
