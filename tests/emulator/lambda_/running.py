"""One function in real worker processes, from a zip made here."""

import base64
import hashlib
import io
import json
import os
import textwrap
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from emulator.lambda_ import Invocation, LambdaRuntime
from tests.emulator.fake_account import FakeAccount, FakeRoles

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:us-east-2:123456789012:function:fn"

CODE = """
import http.client, os, socket, subprocess, sys, time

def handler(event, context):
    match event.get("do"):
        case "sleep":
            print("asleep")
            time.sleep(event["seconds"])
        case "child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            return {"pid": os.getpid(), "child": child.pid}
        case "exit":
            os._exit(event["status"])
        case "raise":
            raise ValueError("on purpose")
        case "big":
            return "x" * 6_300_000
        case "print":
            print("one\\ntwo", flush=True)
            print("no end", end="")
        case "log":
            print("\\n".join(event["lines"]))
        case "garble":
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
            for line in (b"GARBAGE", b"POST / HTTP/1.1\\r\\nContent-Length: x", b"\\xff \\xff"):
                with socket.create_connection((host, int(port))) as connection:
                    connection.sendall(line + b"\\r\\n\\r\\n")
                    connection.recv(1)
            return "fine"
        case "knock":
            runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
            path = "/2018-06-01/runtime/invocation/another/response"
            runtime.request("POST", path, b"{}", event["headers"])
            return runtime.getresponse().status
        case "environment":
            return dict(os.environ)
        case "import":
            return __import__(event["module"]).__name__
    return {
        "pid": os.getpid(),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "event": event,
    }
"""


def make_zip(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(code))
    return buffer.getvalue()


class OneFunction(FakeAccount):
    """An account with one function and its versions."""

    def __init__(self, code: str = CODE, **config: Any) -> None:
        super().__init__()
        self.versions: dict[str, bytes] = {"1": make_zip(code)}
        self.aliases = {"live": "1"}
        self.weights: dict[str, float] = {}
        self.config = {"Timeout": 5, **config}
        self.reserved: int | None = None
        self.groups: list[str] = []
        self.policy: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        assert service in {"lambda", "logs", "sts"}
        return self

    exceptions = SimpleNamespace(ResourceAlreadyExistsException=KeyError)

    def create_log_group(self, **group: str) -> None:
        self.groups.append(group["logGroupName"])

    def code(self, _account: Any, _name: str, version: str) -> bytes:
        return self.versions[version]

    def get_function_configuration(self, FunctionName: str, Qualifier: str = "1") -> Any:  # noqa: N803  # boto3's names
        version = self.aliases.get(Qualifier, Qualifier)
        if FunctionName != "fn" or version not in self.versions:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Get")
        digest = hashlib.sha256(self.versions[version]).digest()
        return {
            "CodeSha256": base64.b64encode(digest).decode(),
            "Environment": {"Variables": {"GREETING": "hello"}},
            "Handler": "app.handler",
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/fn"},
            "MemorySize": 256,
            "Role": "arn:aws:iam::123456789012:role/fn-execution",
            "Runtime": "python3.12",
            "Version": version,
            **self.config,
        }

    def get_alias(self, FunctionName: str, Name: str) -> Any:  # noqa: N803  # boto3's names
        if FunctionName != "fn" or Name not in self.aliases:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Get")
        return {"RoutingConfig": {"AdditionalVersionWeights": self.weights}}

    def get_function_concurrency(self, FunctionName: str) -> Any:  # noqa: ARG002, N803  # boto3's names
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def assume_role(self, RoleArn: str, RoleSessionName: str) -> Any:  # noqa: N803  # boto3's names
        if RoleArn.endswith("/gone"):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
        assert RoleSessionName == "fn"
        keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(keys, "temporary")}

    def get_policy(self, FunctionName: str, Qualifier: str = "") -> Any:  # noqa: ARG002, N803  # boto3's names
        return {"Policy": json.dumps({"Statement": self.policy})}

    def messages(self) -> list[Any]:
        """Every logged line; JSON ones parsed."""
        return [
            json.loads(message) if message.startswith("{") else message
            for _, _, message in self.logged
        ]


def run_on(account: OneFunction, roles: FakeRoles | None = None, **options: Any) -> LambdaRuntime:
    return LambdaRuntime(account, roles or FakeRoles(), load_code=account.code, **options)


def call(functions: LambdaRuntime, **event: Any) -> Invocation:
    return functions.invoke("fn", "live", json.dumps(event).encode())


def payload(invocation: Invocation) -> Any:
    assert invocation.status == 200, invocation
    return json.loads(invocation.payload)


def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """Whether a process ended: a zombie that nobody collects counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"
