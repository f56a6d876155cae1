"""Let a red-team tool ask a deployment, and say which layer stopped which probe."""
