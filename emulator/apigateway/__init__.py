"""API Gateway's REST APIs as they were deployed: a request in, a response out."""

from emulator.apigateway.gateway import ExecuteApi

__all__ = ["ExecuteApi"]
