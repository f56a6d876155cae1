"""Bedrock: guardrails, Converse and the model behind it."""
