"""A deployment to ask: requests at a pace that its limits allow, and AWS about what it holds."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import time
import urllib.parse
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from toolkit.proofs.data import Request

TIMEOUT_SECONDS = 40.0
# The web ACL counts 50 requests in five minutes from one address; the usage plan refills ten
# tokens a second, and holds five.
AWS_PACE_SECONDS = 6.5
LOCAL_PACE_SECONDS = 0.11
REQUESTS_AN_ADDRESS = 40
AGENT = "chatbot-proofs/1"


# How AWS's codes begin when it refuses whoever asks, and says nothing of what was asked about.
REFUSALS = (
    "403",
    "AccessDenied",
    "Authorization",
    "Expired",
    "Forbidden",
    "InvalidClientToken",
    "Throttling",
    "TooManyRequests",
    "Unauthorized",
    "UnrecognizedClient",
)


class CannotAskError(Exception):
    """A request cannot be made at all. The text says why, and what to do."""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers in lower case, body, and the ids that the logs have."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """Return the id of API Gateway's log, or of an invocation."""
        return self.headers.get("x-amzn-requestid", "")

    @property
    def extended_id(self) -> str:
        """Return the id that the web ACL's log has, which a client cannot choose."""
        return self.headers.get("x-amz-apigw-id", "")

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object, or an empty one when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def error(self) -> dict[str, Any]:
        """Return the error of a refusal, or an empty one."""
        error = self.json().get("error")
        return error if isinstance(error, dict) else {}


@dataclass
class Deployment:
    """One deployment. Without `client` (boto3) its logs cannot be read, nor its function invoked.

    `endpoint` is the address of the local AWS, for a rehearsal.
    """

    url: str
    api_key: str
    client: Callable[[str], Any] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = ""
    keys: dict[str, str] = field(default_factory=dict, init=False)
    sent: int = field(default=0, init=False)
    _paced: float = field(default=0.0, init=False)
    _addresses: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        """Choose the loopback addresses to be: apart from those of an earlier run."""
        net = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"  # noqa: S311 - no secret
        self._addresses = (f"{net}.{host}" for host in range(1, 255))
        self._address, self._uses = next(self._addresses), 0
        self.keys |= {
            "own": self.api_key,
            "client": self.api_key,
            "wrong": "no-such-key-" + "0" * 28,
        }

    @property
    def local(self) -> bool:
        """Tell whether it is on this machine, where requests may come fast and from many places."""
        return urllib.parse.urlsplit(self.url).hostname in {"127.0.0.1", "localhost"}

    @property
    def rehearsal(self) -> bool:
        """Tell whether its faults, keys and web ACL may be changed for a proof."""
        return bool(self.endpoint)

    def minutes(self, requests: Sequence[Request]) -> float:
        """Estimate how long it takes to make requests, at the pace that the limits allow."""
        pace = LOCAL_PACE_SECONDS if self.local else AWS_PACE_SECONDS
        return sum(1 + request.after + request.flood for request in requests) * pace / 60

    def ask(self, request: Request) -> tuple[Answer, ...]:
        """Send a request, and all of its copies; the answers come in the order of sending."""
        with self._faulty(request), self._without(request):
            if request.via == "invoke":
                return (self._invoke(request),)
            if not (request.flood or request.after):
                self._pace(request)
                return (self._send(request, self._next_address()),)
            # An address of its own, or others would be refused for what these do.
            address = self._own_address()
            if request.after:
                return tuple(self._send(request, address) for _ in range(request.after + 1))
            with ThreadPoolExecutor(max_workers=request.flood) as pool:
                copies = [pool.submit(self._send, request, address) for _ in range(request.flood)]
            self._paced = time.monotonic() + 1
            return tuple(copy.result() for copy in copies)

    def _pace(self, request: Request) -> None:
        pace = AWS_PACE_SECONDS
        if self.local:
            pace = LOCAL_PACE_SECONDS if request.counts else 0.0
        time.sleep(max(0.0, self._paced - time.monotonic()))
        if pace:
            self._paced = time.monotonic() + pace

    def _next_address(self) -> str:
        self._uses += 1
        if self._uses > REQUESTS_AN_ADDRESS:
            self._address, self._uses = self._own_address(), 1
        return self._address

    def _own_address(self) -> str:
        return next(self._addresses)

    def _send(self, request: Request, address: str) -> Answer:
        headers = {"User-Agent": AGENT, "Accept": "application/json", **request.headers}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if request.key != "none":
            headers["x-api-key"] = self.keys[request.key]
        if request.gzip:
            headers.setdefault("Content-Encoding", "gzip")
        parts = urllib.parse.urlsplit(self.url)
        self.sent += 1
        connection = self._connect(parts, address)
        try:
            connection.putrequest(
                request.method, parts.path + request.path, skip_accept_encoding=True
            )
            content = request.content()
            if content is not None:
                headers["Content-Length"] = str(len(content))
            for name, value in headers.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(content)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, found, reply.read())
        except OSError as error:
            return Answer(0, {}, f"no answer: {error}".encode())
        finally:
            connection.close()

    def _connect(self, parts: urllib.parse.SplitResult, address: str) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        if self.local:
            connection = http.client.HTTPConnection(
                host, parts.port, timeout=TIMEOUT_SECONDS, source_address=(address, 0)
            )
            try:
                connection.connect()
            except OSError as error:
                raise CannotAskError(
                    f"{address} cannot be a source address ({error}). A rehearsal plays many "
                    "clients, each from a loopback address of its own, as Linux has them."
                ) from error
            return connection
        kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
        proxy = urllib.request.getproxies().get(parts.scheme)
        if proxy and not urllib.request.proxy_bypass(host):
            way = urllib.parse.urlsplit(proxy)
            connection = kind(way.hostname or "", way.port, timeout=TIMEOUT_SECONDS)
            connection.set_tunnel(host, parts.port)
            return connection
        return kind(host, parts.port, timeout=TIMEOUT_SECONDS)

    def aws(self, service: str) -> Any:
        """Return a boto3 client. Raises CannotAskError when there is none to be had."""
        if self.client is None:
            raise CannotAskError("it needs AWS credentials: name the environment with --env")
        return self.client(service)

    def _invoke(self, request: Request) -> Answer:
        own_id = str(uuid.uuid4())
        reply = self.aws("lambda").invoke(
            FunctionName=self.outputs["alias_arn"], Payload=request.payload(own_id)
        )
        payload = reply["Payload"].read()
        known_as = own_id if request.enveloped else reply["ResponseMetadata"]["RequestId"]
        headers = {"x-amzn-requestid": known_as}
        answer = Answer(0, {}, payload).json()
        if "FunctionError" in reply or "statusCode" not in answer:
            return Answer(0, headers, payload)
        headers |= {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], headers, answer["body"].encode())

    # What only a rehearsal can be told to do

    @contextlib.contextmanager
    def _faulty(self, request: Request) -> Iterator[None]:
        if not request.fault:
            yield
            return
        fault = {"times": 0, **request.fault}
        self._faults("PUT", {"bedrock": fault})
        try:
            yield
        finally:
            self._faults("DELETE")

    def _faults(self, method: str, wanted: Mapping[str, Any] | None = None) -> None:
        call = urllib.request.Request(
            f"{self.endpoint}/_aws/faults",
            data=None if wanted is None else json.dumps(wanted).encode(),
            method=method,
        )
        with urllib.request.urlopen(call, timeout=TIMEOUT_SECONDS):
            pass

    def _without(self, request: Request) -> contextlib.AbstractContextManager[None]:
        match request.without:
            case "edge":
                return self._without_edge()
            case "function":
                return self._without_function()
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def _without_function(self) -> Iterator[None]:
        """Take all concurrency from the function."""
        function, name = self.aws("lambda"), {"FunctionName": self.outputs["function_name"]}
        reserved = function.get_function_concurrency(**name)["ReservedConcurrentExecutions"]
        function.put_function_concurrency(**name, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            function.put_function_concurrency(**name, ReservedConcurrentExecutions=reserved)

    @contextlib.contextmanager
    def _without_edge(self) -> Iterator[None]:
        """Take the web ACL off the stage, so that the layer behind it stands alone."""
        edge, stage = self.aws("wafv2"), self.place("stage_arn")
        edge.disassociate_web_acl(ResourceArn=stage)
        try:
            yield
        finally:
            edge.associate_web_acl(WebACLArn=self.outputs["web_acl_arn"], ResourceArn=stage)

    @contextlib.contextmanager
    def spare_keys(self, requests: Sequence[Request]) -> Iterator[None]:
        """Have the keys that requests ask for: disabled, in no plan, or with no quota left.

        On a rehearsal, `own` is a new key of the clients' plan, so that no run uses up their quota.
        """
        spare = {"own", "disabled", "unplanned", "exhausted"}
        wanted = {request.key for request in requests} & spare
        if not (wanted and self.rehearsal):
            yield
            return
        gateway = self.aws("apigateway")
        made: list[str] = []
        stage = {"apiId": self.outputs["api_id"], "stage": self.outputs["stage_name"]}
        plan = gateway.create_usage_plan(
            name="proofs", apiStages=[stage], quota={"limit": 1, "period": "MONTH"}
        )["id"]
        try:
            for name in sorted(wanted):
                key = gateway.create_api_key(name=f"proofs-{name}", enabled=name != "disabled")
                made.append(key["id"])
                self.keys[name] = key["value"]
                if name != "unplanned":
                    gateway.create_usage_plan_key(
                        usagePlanId=self.outputs["usage_plan_id"] if name == "own" else plan,
                        keyId=key["id"],
                        keyType="API_KEY",
                    )
            yield
        finally:
            for key_id in made:
                gateway.delete_api_key(apiKey=key_id)
            gateway.update_usage_plan(
                usagePlanId=plan,
                patchOperations=[
                    {
                        "op": "remove",
                        "path": "/apiStages",
                        "value": f"{stage['apiId']}:{stage['stage']}",
                    }
                ],
            )
            gateway.delete_usage_plan(usagePlanId=plan)

    def place(self, name: str) -> str:
        """Return what a name in braces stands for in the proofs' data."""
        return places(self.outputs)[name]


def tells_nothing(error: Exception) -> bool:
    """Tell whether an error of boto3 says nothing of what is there.

    So it is when AWS was not reached, or answers that we may not look.
    """
    response = getattr(error, "response", None)
    return response is None or str(response["Error"]["Code"]).startswith(REFUSALS)


def places(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Return what names in braces stand for: outputs, and ARNs that are made of them."""
    texts = {name: value for name, value in outputs.items() if isinstance(value, str)}
    region, account = outputs["region"], outputs["execution_role_arn"].split(":")[4]
    function = outputs["function_name"]
    bedrock, iam = f"arn:aws:bedrock:{region}:{account}", f"arn:aws:iam::{account}"
    return texts | {
        "account": account,
        "name": function,
        "api_key_id": next(iter(sorted(outputs["api_key_ids"].items())))[1],
        "bedrock": bedrock,
        "boundary_arn": f"{iam}:policy/{function}-boundary",
        "deny_policy_arn": f"{iam}:policy/{function}-deny-tampering",
        "execution_role": outputs["execution_role_arn"].split("/")[-1],
        "function_arn": outputs["alias_arn"].rpartition(":")[0],
        "guardrail_arn": f"{bedrock}:guardrail/{outputs['guardrail_id']}",
        "iam": iam,
        "logs": f"arn:aws:logs:{region}:{account}:log-group",
        "stage_arn": (
            f"arn:aws:apigateway:{region}::/restapis/{outputs['api_id']}"
            f"/stages/{outputs['stage_name']}"
        ),
        **(_trail(function, region, account) if outputs["log_groups"]["trail"] else {}),
        **{
            f"{name}_log_group": group
            for name, group in outputs["log_groups"].items()
            if group is not None
        },
    }


def _trail(name: str, region: str, account: str) -> dict[str, str]:
    """Return what there is once in an account, in the environment that manages it."""
    return {
        "bucket": f"{name}-trail-{account}",
        "bucket_arn": f"arn:aws:s3:::{name}-trail-{account}",
        "trail": name,
        "trail_arn": f"arn:aws:cloudtrail:{region}:{account}:trail/{name}",
        "trail_role": f"{name}-trail",
    }
