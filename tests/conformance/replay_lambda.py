"""What Lambda answered: invocations and their logs, and its API."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.conformance.harness import asked, asking, replay
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.lambda_.running import make_zip
from tests.emulator.shown import allow

_CODE = """
import json, os, time
import boto3

def echo(event, context):
    print("said")
    return {"arn": context.invoked_function_arn, "version": context.function_version}

def nothing(event, context):
    pass

def slow(event, context):
    time.sleep(20)

def fail(event, context):
    raise ValueError("no")

def identity(event, context):
    sts = boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    return sts.get_caller_identity()["Arn"]
"""
_PACKAGE = make_zip(_CODE)
_BROKEN = 'raise Exception("Runtime startup fails")\n'
_LOGS = allow("logs:*")


class _Function:
    """A function whose role may write its log."""

    def __init__(
        self, aws: Emulator, handler: str = "echo", package: bytes = _PACKAGE, **settings: Any
    ) -> None:
        self.aws, self.client, self.name = aws, aws.client("lambda"), f"replay-{uuid.uuid4()}"
        role = aws.role(self.name, [_LOGS])["Arn"]
        self.made = aws.function(
            self.name, package, **{"Role": role, "Handler": f"app.{handler}"} | settings
        )
        self.of = {"FunctionName": self.name}
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def invoke(self, **settings: Any) -> dict[str, Any]:
        answer = asked(self.client.invoke, **self.of | settings)
        if "Payload" in answer:
            text = answer["Payload"].read().decode()
            try:
                answer["payload"] = json.loads(text) if text else ""
            except ValueError:
                answer["payload"] = text
        return answer

    def lines(self) -> list[str]:
        self.aws.server.app.door.account.logs.flush()
        group = f"/aws/lambda/{self.name}"
        events = self.aws.client("logs").filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in events]


def _invoked(handler: str = "echo", **settings: Any) -> Callable[[Emulator], dict[str, Any]]:
    """Invoke a new function with these settings of the function or, in `invoke`, of the call."""
    invoke = settings.pop("invoke", {})
    return lambda aws: _Function(aws, handler, **settings).invoke(**invoke)


_WRAPPER = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}}
replay("lambda-001")(_invoked("slow", Timeout=1))
replay("lambda-010")(_invoked(Environment=_WRAPPER))
replay("lambda-019")(_invoked(invoke={"Payload": b"\x99\x98"}))
replay("lambda-020")(_invoked(invoke={"InvocationType": "DryRun"}))
replay("lambda-021")(_invoked(invoke={"InvocationType": "Event"}))
asking("lambda-018", "lambda", "invoke", FunctionName="doesnotexist")


@replay("lambda-002")
def lines_of_an_invocation(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws)
    tail = base64.b64decode(function.invoke(LogType="Tail")["LogResult"]).decode()
    lines = [line for line in tail.splitlines(keepends=True) if "INIT_START" not in line]
    return {"lines": [json.dumps(line)[1:-1] for line in lines]}


@replay(
    "lambda-004",
    reading={  # the version of the runtime is the one that runs here
        "line": "INIT_START Runtime Version: python:3.12.v<n>\tRuntime Version ARN:"
        f" arn:aws:lambda:{REGION}::runtime:<hash>"
    },
)
def cold_start(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws)
    function.invoke()
    (line,) = [line for line in function.lines() if line.startswith("INIT_START")]
    return {"line": line}


@replay(
    "lambda-008",
    reading={
        "FunctionError": "Unhandled",
        "payload": {
            "errorMessage": "Runtime startup fails",
            "errorType": "Exception",
            "requestId": "",
        },
        "frames of importlib": True,
    },
)
def import_raises(aws: Emulator) -> dict[str, Any]:
    answer = _Function(aws, package=make_zip(_BROKEN)).invoke()
    frames = "".join(answer["payload"].get("stackTrace") or [])
    return answer | {"frames of importlib": "importlib" in frames}


@replay("lambda-012", reading={"payload": None, "sent": "null", "status": 200})
def returns_nothing(aws: Emulator) -> dict[str, Any]:
    answer = aws.client("lambda").invoke(FunctionName=_Function(aws, "nothing").name)
    sent = answer["Payload"].read().decode()
    return {"payload": json.loads(sent), "sent": sent, "status": answer["StatusCode"]}


@replay("lambda-013")
def no_concurrency(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws)
    function.client.put_function_concurrency(**function.of, ReservedConcurrentExecutions=0)
    return function.invoke()


@replay("lambda-016")
def through_an_alias(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws, Publish=True)
    function.client.create_alias(**function.of, Name="alias1", FunctionVersion="1")
    answer = function.invoke(Qualifier="alias1")
    return {
        "ExecutedVersion": answer["ExecutedVersion"],
        "context.invoked_function_arn": answer["payload"]["arn"].replace(function.name, "name"),
        "context.function_version": answer["payload"]["version"],
    }


@replay("lambda-022", reading={"arn": True})
def credentials_of_a_function(aws: Emulator) -> dict[str, Any]:
    variables = {"AWS_ENDPOINT_URL": aws.endpoint}
    function = _Function(aws, "identity", Environment={"Variables": variables}, Timeout=20)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{function.name}/{function.name}"
    return {"arn": function.invoke()["payload"] == arn}


@replay("lambda-042", reading={"group": True, "said": True})
def log_group_made(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws)
    function.invoke()
    lines = function.lines()
    return {"group": bool(lines), "said": any("said" in line for line in lines)}


@replay("lambda-043")
def metrics_of_a_failure(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws, "fail")
    assert function.invoke()["FunctionError"] == "Unhandled"
    aws.server.app.door.account.logs.flush()
    cloudwatch, now = aws.client("cloudwatch"), int(time.time())
    return {
        f"AWS/Lambda {name}": sum(
            point["Sum"]
            for point in cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=name,
                Dimensions=[{"Name": "FunctionName", "Value": function.name}],
                StartTime=now - 600,
                EndTime=now + 600,
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
        )
        for name in ("Invocations", "Errors")
    }


@replay("lambda-015")
def concurrency_of_a_version(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws, Publish=True)
    put = function.client.put_function_concurrency
    return asked(put, FunctionName=f"{function.arn}:1", ReservedConcurrentExecutions=1)


def _configured(aws: Emulator, *formats: str) -> dict[str, Any]:
    function = _Function(aws)
    for each in formats:
        function.client.update_function_configuration(
            **function.of, LoggingConfig={"LogFormat": each}
        )
    read = function.client.get_function_configuration(**function.of)
    return {"LoggingConfig": read["LoggingConfig"], "levels": sorted(read["LoggingConfig"])}


@replay("lambda-024")
def json_logs(aws: Emulator) -> dict[str, Any]:
    return _configured(aws, "JSON")


@replay(
    "lambda-025",
    reading={
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/<f>"},
        "levels": ["LogFormat", "LogGroup"],
    },
)
def text_logs_again(aws: Emulator) -> dict[str, Any]:
    return _configured(aws, "JSON", "Text")


def _of_a_function(operation: str, **arguments: Any) -> Callable[[Emulator], dict[str, Any]]:
    """Ask an operation of a new function."""

    def ask(aws: Emulator) -> dict[str, Any]:
        function = _Function(aws)
        return asked(getattr(function.client, operation), **function.of, **arguments)

    return ask


_GIVEN = {"StatementId": "own", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
replay("lambda-030")(_of_a_function("get_policy"))
replay("lambda-032")(_of_a_function("add_permission", **_GIVEN, Qualifier="$LATEST"))
replay("lambda-035")(_of_a_function("publish_version", CodeSha256="other"))
replay("lambda-041")(_of_a_function("get_function_configuration"))


@replay("lambda-026")
def permission_of_a_service(aws: Emulator) -> dict[str, Any]:
    add = _of_a_function("add_permission", **_GIVEN, SourceArn="arn:aws:s3:::replay")
    return {"Statement": json.loads(add(aws)["Statement"])}


@replay("lambda-029")
def statement_that_is_not_there(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws)
    function.client.add_permission(**function.of, **_GIVEN)
    return asked(function.client.remove_permission, **function.of, StatementId="none")


@replay(
    "lambda-031",
    reading={"version": "404 The resource you requested does not exist.", "alias": True},
)
def policies_apart(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws)
    client = function.client
    client.add_permission(**function.of, **_GIVEN)
    version = client.publish_version(**function.of)["Version"]
    of_version = asked(client.get_policy, **function.of, Qualifier=version)
    client.create_alias(**function.of, Name="alias", FunctionVersion=version)
    client.add_permission(**function.of, **_GIVEN, Qualifier="alias")
    policy = client.get_policy(**function.of, Qualifier="alias")["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    return {
        "version": f"{of_version['status']} {of_version.get('message')}",
        "alias": statement["Resource"] == f"{function.arn}:alias",
    }


@replay("lambda-033")
def alias_that_exists(aws: Emulator) -> dict[str, Any]:
    function = _Function(aws, Publish=True)
    alias = {**function.of, "Name": "alias", "FunctionVersion": "1"}
    function.client.create_alias(**alias)
    return asked(function.client.create_alias, **alias)


def _created(**settings: Any) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        return asked(lambda: _Function(aws, **settings).made)

    return ask


replay("lambda-037")(_created(package=b"this is no zip"))
replay("lambda-038")(_created(Runtime="x"))
replay("lambda-040")(_created())
