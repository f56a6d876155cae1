"""One emulator for the tests that need a real one, on a port of its own."""

import functools
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

import boto3
import pytest

from emulator.server import Server
from tests.emulator.lambda_.running import make_zip
from tests.emulator.shown import allow, answers, document, note, trust, unanswered

REGION = "us-east-2"
LOGS = [allow("logs:*")]
Aws = Callable[..., Any]
ACCOUNT = "123456789012"


def signed(service: str, key: str = "rehearsal", region: str = REGION) -> dict[str, str]:
    """Return the headers of a JSON request that is signed for a service."""
    scope = f"{key}/20260101/{region}/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/json",
    }


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()

    def json(self) -> Any:
        return json.loads(self.body)

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in the order of arrival."""
        return [value for header, value in self.pairs if header == name.lower()]


@dataclass(frozen=True)
class Emulator:
    """A running emulator, and how a test talks to it."""

    server: Server

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    def client(
        self, service: str, credentials: Mapping[str, str] | None = None, region: str = REGION
    ) -> Any:
        """Return a boto3 client: the administrator's, or that of temporary credentials."""
        keys = credentials or {"AccessKeyId": "rehearsal", "SecretAccessKey": "rehearsal"}
        return _client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one HTTP request, and return the answer whatever its status."""
        request = urllib.request.Request(
            self.endpoint + path, data=body, method=method, headers=dict(headers or {})
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return _answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())

    def role(self, name: str, statements: list[dict[str, Any]], **kwargs: Any) -> dict[str, Any]:
        """Create a role that may what the statements say; return credentials of a session of it."""
        iam = self.client("iam")
        services = [f"{service}.amazonaws.com" for service in ("apigateway", "bedrock", "lambda")]
        anybody = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": services})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=anybody, **kwargs)["Role"]
        if statements:
            policy = document(*statements)
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
        answer = self.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")
        return {"Arn": role["Arn"], **answer["Credentials"]}

    def function(self, name: str, package: bytes, **settings: Any) -> Any:
        """Create a function of a package, with a role that may nothing; return AWS's answer."""
        role = settings.pop("Role", None) or self.role(name, [])["Arn"]
        return self.client("lambda").create_function(
            FunctionName=name,
            Role=role,
            Code={"ZipFile": package},
            **{"Runtime": "python3.12", "Handler": "app.handler"} | settings,
        )


@functools.lru_cache(maxsize=64)  # making one takes longer than most calls
def _client(service: str, **access: str | None) -> Any:
    config = boto3.session.Config(
        retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
    )
    client = boto3.client(service, config=config, **access)
    client.meta.events.register("after-call", functools.partial(note, service))
    return client


def _answer(status: int, headers: Message, body: bytes) -> Answer:
    pairs = tuple((name.lower(), value) for name, value in headers.items())
    return Answer(status, dict(pairs), body, pairs)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Start an emulator for the whole run. Tests use names of their own in it."""
    server = Server(port=0)
    server.start()
    yield Emulator(server)
    server.stop()


@pytest.fixture(autouse=True)
def _asks_what_it_shows(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that says that it shows an operation, and never had an answer from it."""
    answers.clear()
    yield
    missing = unanswered(getattr(request, "function", None))
    assert not missing, f"named and never answered: {sorted(missing)}"


@pytest.fixture(scope="session")
def package() -> bytes:
    """Return a function's smallest package."""
    return make_zip("def handler(event, context):\n    return {'echo': event}\n")


@pytest.fixture
def log_events(emulator: Emulator) -> Callable[[str, str], list[str]]:
    """Return a function that reads a log stream once everything queued is in it."""

    def read(group: str, stream: str) -> list[str]:
        emulator.server.app.door.account.logs.flush()
        events = emulator.client("logs").get_log_events(logGroupName=group, logStreamName=stream)
        return [event["message"] for event in events["events"]]

    return read


@pytest.fixture
def aws(emulator: Emulator) -> Aws:
    return emulator.client


def client_of(service: str) -> Any:
    """Return a fixture: the administrator's client of a service."""

    @pytest.fixture(scope="session")
    def client(emulator: Emulator) -> Any:
        return emulator.client(service)

    return client


@pytest.fixture
def faults(emulator: Emulator) -> Iterator[Callable[[Any], Any]]:
    """Set the test switches to a document, and all off at the end."""

    def put(document: Any) -> Any:
        return emulator.request("PUT", "/_aws/faults", json.dumps(document).encode())

    yield put
    emulator.request("DELETE", "/_aws/faults")
