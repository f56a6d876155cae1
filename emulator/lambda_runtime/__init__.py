"""Lambda: the deployed zip, in AWS's own runtime interface client, behind our Runtime API."""

from emulator.lambda_runtime.runtime import Invocation, LambdaRuntime

__all__ = ["Invocation", "LambdaRuntime"]
