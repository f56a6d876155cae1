"""EventBridge's API: what moto does otherwise, and how an event meets a pattern."""
