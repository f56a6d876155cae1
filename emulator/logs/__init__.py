"""CloudWatch Logs' API: what moto does otherwise, and what AWS refuses."""
