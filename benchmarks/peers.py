#!/usr/bin/env python3
"""Ask one trivial function behind an API key in our local AWS and in MiniStack, in turns.

MiniStack comes from PyPI into a virtual environment of its own below .cache. Both are set up by the
same calls of boto3 and asked by the same clients. Ends with 1 where ours is not four times as fast,
with 2 where one of them cannot be measured.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.clients import NoAnswerError, drive, post, usage
from toolkit.local_aws import ADMINISTRATOR_KEY_ID
from toolkit.processes import free_port
from toolkit.terraform import CACHE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MINISTACK = "1.5.33"
CLIENTS = 16
WARM_UP_SECONDS = 3
START_SECONDS = 60
LEAST_RATIO = 4.0
REGION = "us-east-2"
ACCOUNTS = {"ours": "123456789012", "ministack": "000000000000"}
HANDLER = """def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class PeerError(Exception):
    """One of the two cannot be measured. The text says why."""


@dataclass(frozen=True)
class Round:
    """What one round of one of them came to."""

    per_second: float
    p50: float
    p99: float
    cpu: float


def ministack() -> list[str]:
    """Install MiniStack unless it is there; return the command that starts it."""
    home = CACHE / f"ministack-{MINISTACK}"
    program = home / "bin" / "python"
    if not (home / "ready").exists():
        commands = (
            [sys.executable, "-m", "venv", str(home)],
            [str(program), "-m", "pip", "install", "--quiet", f"ministack=={MINISTACK}"],
        )
        for command in commands:
            done = subprocess.run(command, text=True, capture_output=True, check=False)
            if done.returncode:
                raise PeerError(
                    f"MiniStack {MINISTACK} cannot be had from PyPI here, so there is nothing to"
                    f" compare with:\n{done.stderr.strip()[-2000:]}"
                )
        (home / "ready").touch()
    return [str(program), "-m", "ministack"]


@contextlib.contextmanager
def running(name: str, command: list[str], port: int, folder: Path) -> Iterator[tuple[str, int]]:
    """Start a local AWS; hand over its address and process id."""
    endpoint = f"http://127.0.0.1:{port}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=own | {"GATEWAY_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait(endpoint, process)
            yield endpoint, process.pid
        except PeerError as error:
            raise PeerError(f"{name}: {error}\n{log.read_text()[-2000:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/_aws/health", timeout=5):
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
    raise PeerError("it does not start")


def deploy(endpoint: str, account: str) -> tuple[str, str]:
    """Deploy the function behind a key; return its URL and the key."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=ADMINISTRATOR_KEY_ID,
            aws_secret_access_key=ADMINISTRATOR_KEY_ID,
        )

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", HANDLER)
    role = client("iam").create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    function = client("lambda").create_function(
        FunctionName="app",
        Runtime="python3.12",
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
        Timeout=20,
        Publish=True,
    )["FunctionArn"]
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="app")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="chat")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE", apiKeyRequired=True)
    path = "lambda:path/2015-03-31/functions"
    gateway.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:{path}/{function}/invocations",
    )
    client("lambda").add_permission(
        FunctionName="app",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{account}:{api}/*/POST/chat",
    )
    gateway.create_deployment(restApiId=api, stageName="v1")
    plan = gateway.create_usage_plan(name="app", apiStages=[{"apiId": api, "stage": "v1"}])["id"]
    key = gateway.create_api_key(name="app", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return f"{endpoint}/_aws/execute-api/{api}/v1/chat", key["value"]


def request_of(url: str, key: str) -> bytes:
    """Return the request that every client sends."""
    headers = {"Content-Type": "application/json", "User-Agent": "peers/1", "x-api-key": key}
    return post(url, headers, b'{"message": "hello"}')


def round_of(url: str, key: str, pid: int, seconds: float) -> Round:
    """Load one of them for a while. Raises PeerError."""
    before = usage(pid)
    done = drive(url, request_of(url, key), CLIENTS, seconds)
    if set(done.statuses) != {200}:
        raise PeerError(f"not every answer was 200: {done.statuses}")
    used = sum(one.cpu_seconds for one in usage(pid)) - sum(one.cpu_seconds for one in before)
    cpu = used * 1000 / len(done.took)
    return Round(done.per_second, done.percentile(50), done.percentile(99), cpu)


def measure(rounds: int, seconds: float) -> dict[str, list[Round]]:
    """Start both, set both up, and load them in turns. Raises PeerError, NoAnswerError."""
    ports = {"ours": free_port(), "ministack": free_port()}
    commands = {
        "ours": [sys.executable, "-m", "emulator", "--port", str(ports["ours"])],
        "ministack": ministack(),
    }
    result: dict[str, list[Round]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        targets = {}
        for name, command in commands.items():
            started = running(name, command, ports[name], Path(folder))
            endpoint, pid = stack.enter_context(started)
            url, key = deploy(endpoint, ACCOUNTS[name])
            refused = drive(url, request_of(url, "wrong" * 8), 1, 0).statuses
            if set(refused) != {403}:
                raise PeerError(f"{name} does not ask for the API key: {refused}")
            drive(url, request_of(url, key), CLIENTS, WARM_UP_SECONDS)
            targets[name] = url, key, pid
        for done in range(rounds):
            for name, target in targets.items():
                result[name].append(round_of(*target, seconds))
            print(f"round {done + 1} of {rounds}", file=sys.stderr, flush=True)
    return result


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=10, help="a round (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    try:
        result = measure(options.rounds, options.seconds)
    except (NoAnswerError, PeerError) as error:
        print(error, file=sys.stderr)
        return 2
    speed = {name: median(one.per_second for one in some) for name, some in result.items()}
    ratio = speed["ours"] / speed["ministack"]
    if options.json:
        rows = {name: [asdict(one) for one in some] for name, some in result.items()}
        print(json.dumps({"rounds": rows, "ratio": ratio, "target": LEAST_RATIO}))
    else:
        print(f"{'':12}{'requests/s':>12}{'p50, ms':>10}{'p99, ms':>10}{'CPU, ms':>10}")
        for name, some in result.items():
            shown = [median(getattr(one, what) for one in some) for what in ("p50", "p99", "cpu")]
            print(f"{name:12}{speed[name]:12.1f}" + "".join(f"{value:10.2f}" for value in shown))
        print(f"ratio {ratio:.2f} (at least {LEAST_RATIO})")
    return 0 if ratio >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
