"""Bedrock: guardrails, Converse and the scripted model behind it."""
