"""API Gateway's REST APIs as they were deployed: a request in, a response out."""

from emulator.execute_api.gateway import ExecuteApi

__all__ = ["ExecuteApi"]
