"""CloudTrail's API: what moto does otherwise, and what AWS refuses."""
