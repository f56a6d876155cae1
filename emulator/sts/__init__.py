"""STS: what AWS refuses."""
