"""Lambda: the deployed zip, in AWS's own runtime interface client, behind our Runtime API."""

from emulator.lambda_.runtime import NOT_ASSUMED, SERVICE, Invocation, LambdaRuntime

__all__ = ["NOT_ASSUMED", "SERVICE", "Invocation", "LambdaRuntime"]
