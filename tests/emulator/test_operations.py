"""What is served is what a test shows to do what AWS does; all else is 501, in every protocol."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from emulator import operations
from tests.documented import commands
from tests.emulator.conftest import Emulator
from tests.emulator.shown import allow, refusal, shows, unanswered, unique

TESTS = Path(__file__).parent
SERVED = {f"{service}:{operation}" for service, operation in operations.served()}
# What moto would answer, in each protocol that AWS's services speak.
UNSHOWN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "json": ("dynamodb", "list_tables", {}),
    "json, beside what is served": ("kms", "list_grants", {"KeyId": "k"}),
    "query": ("rds", "describe_db_clusters", {}),
    "query, beside what is served": ("iam", "list_groups", {}),
    "ec2": ("ec2", "describe_vpcs", {}),
    "rest-json": ("mq", "list_brokers", {}),
    "rest-json, beside what is served": ("apigateway", "get_sdk_types", {}),
    "rest-json, signed by another name": ("efs", "describe_file_systems", {}),
    "rest-xml": ("route53", "list_hosted_zones", {}),
    "rest-xml, beside what is served": ("s3", "list_multipart_uploads", {"Bucket": "none"}),
    "cbor": ("cloudwatch", "describe_alarms_for_metric", {"MetricName": "m", "Namespace": "n"}),
}
# The CLI's own commands, and what they ask.
CLI = {
    ("cloudtrail", "validate-logs"): (
        *("cloudtrail:DescribeTrails", "cloudtrail:ListPublicKeys"),
        *("s3:GetBucketLocation", "s3:GetObject", "s3:ListObjects"),
    )
}
# Answered by the data plane, not by moto: tests/emulator has tests of each.
DATA_PLANE = {"bedrock-runtime:Converse", "lambda:Invoke"}


def _shown() -> Iterator[tuple[str, str]]:
    """Yield each operation that a test is marked to show, and the test, as the files have them."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "shows":
                    marks = " ".join(map(ast.unparse, node.decorator_list))
                    runs = node.name.startswith("test_") and not re.search("skip|xfail", marks)
                    assert runs, f"{path}: {node.name} is no test that always runs"
                    named = [*mark.args, *(one.value for one in mark.keywords)]
                    for text in (name for one in named for name in _texts(ast.literal_eval(one))):
                        yield text, node.name


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def test_an_operation_is_served_where_a_test_shows_it_and_nowhere_else() -> None:
    shown = {name for name, _ in _shown()}
    assert SERVED - shown == set(), "no test shows these: mark one with @shows, or list them not"
    assert shown - SERVED == set(), f"a test shows these: list them in {operations.LIST.name}"


def test_the_list_names_operations_of_aws() -> None:
    session = get_session()
    for service in {service for service, _ in operations.served()}:
        known = set(session.get_service_model(service).operation_names)
        assert {name for of, name in operations.served() if of == service} <= known


def test_a_test_that_never_asks_what_it_shows_is_found() -> None:
    @shows("sns:Publish", unset=("s3:GetBucketCors",))
    def nothing() -> None:
        """Ask nothing."""

    assert unanswered(nothing) == {"sns:Publish", "s3:GetBucketCors"}


def test_what_fails_shows_nothing(emulator: Emulator) -> None:
    @shows("kms:DescribeKey", unset=("s3:GetBucketCors",))
    def failing() -> None:
        refusal(emulator.client("kms").describe_key, KeyId="00000000-0000-0000-0000-000000000000")
        refusal(emulator.client("s3").get_bucket_notification_configuration, Bucket="none")

    failing()
    assert unanswered(failing) == {"kms:DescribeKey", "s3:GetBucketCors"}


@pytest.mark.parametrize("asked", UNSHOWN.values(), ids=UNSHOWN)
def test_what_no_test_shows_is_501(
    emulator: Emulator, asked: tuple[str, str, dict[str, Any]]
) -> None:
    service, method, arguments = asked
    client = emulator.client(service)
    status, code, message = refusal(getattr(client, method), **arguments)
    assert (status, code) == (501, "InternalFailure")
    operation = client.meta.method_to_api_mapping[method]
    what = f"{service} {operation}: " if service != "efs" else "GET /2015-02-01/file-systems, "
    assert message.startswith(f"The emulator does not implement {what}")
    assert "emulator/README.md" in message


def test_a_caller_without_permission_is_denied_and_not_shown_what_is_missing(
    emulator: Emulator,
) -> None:
    may = allow("dynamodb:ListTables")
    allowed = emulator.client("dynamodb", emulator.role(unique("may"), [may]))
    assert refusal(allowed.list_tables)[0] == 501
    denied = emulator.client("dynamodb", emulator.role(unique("may-not"), []))
    assert refusal(denied.list_tables)[:2] == (400, "AccessDeniedException")


def test_what_is_missing_is_logged_once(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    client = emulator.client("sqs")
    for _ in range(3):
        refusal(client.list_queues)
    (record,) = caplog.records
    assert record.getMessage().startswith("The emulator does not implement sqs ListQueues: ")
    assert record.exc_info is None


def _documented() -> Iterator[tuple[str, str]]:
    """Yield what each `aws` command of the documentation asks, and where it is."""
    session = get_session()
    for command in commands("aws"):
        if command.on_aws_only:
            continue
        for name, verb in re.findall(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)", command.text):
            where, service = f"{command.page}:{command.line}", name.replace("s3api", "s3")
            if (name, verb) in CLI:
                yield from ((asked, where) for asked in CLI[name, verb])
                continue
            known = session.get_service_model(service).operation_names
            named = {xform_name(one, "-"): one for one in known}
            yield f"{service}:{named[verb]}", where


def test_each_command_of_the_documentation_is_served() -> None:
    asked = dict(_documented())
    assert len(asked) > 20
    assert {name: where for name, where in asked.items() if name not in SERVED | DATA_PLANE} == {}
