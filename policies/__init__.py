"""Checkov policies for chatbots on Bedrock. Checkov loads Python only from a package."""
