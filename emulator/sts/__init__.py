"""STS's API: what AWS refuses."""
