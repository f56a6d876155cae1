"""Lambda: the deployed zip, in AWS's own runtime interface client, behind our Runtime API."""

from emulator.lambda_.execution_role import NOT_ASSUMED, SERVICE
from emulator.lambda_.runtime import Invocation, LambdaRuntime

__all__ = ["NOT_ASSUMED", "SERVICE", "Invocation", "LambdaRuntime"]
