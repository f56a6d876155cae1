"""A deployment under test: its API, its function, and clients for the AWS APIs."""

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from toolkit.proofs import turns
from toolkit.proofs.applied import Applied
from toolkit.proofs.client import Answer, Client
from toolkit.proofs.errors import CREDENTIALS, CannotAskError
from toolkit.proofs.kinds import Request
from toolkit.proofs.switches import Switches
from toolkit.proofs.tokens import Tokens

# The claims of a person, as API Gateway hands them to the function.
SOMEBODY = {"iss": "https://user-pool.example", "sub": "somebody"}
NOBODYS = "no-such-key-" + "0" * 28


@dataclass
class Deployment:
    """One deployment. Without `client` (boto3) its logs cannot be read, nor its function invoked.

    `endpoint` is the address of the local AWS, for a rehearsal.
    """

    url: str
    api_key: str = field(repr=False)
    client: Callable[[str], Any] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = ""
    token: str = field(default="", repr=False)  # a person's own, where no rehearsal signs one
    http: Client = field(init=False)
    switches: Switches = field(init=False)
    tokens: Tokens = field(init=False)
    applied: Applied = field(default_factory=Applied)

    def __post_init__(self) -> None:
        """Make the client, the switches and the tokens."""
        self.http = Client(self.url)
        self.tokens = Tokens(self, self.token)
        self.switches = Switches(self)

    @property
    def local(self) -> bool:
        """Return whether it is on this machine."""
        return self.http.local

    @property
    def rehearsal(self) -> bool:
        """Return whether its faults, keys and web ACL may be changed for a proof."""
        return bool(self.endpoint)

    def aws(self, service: str) -> Any:
        """Return a boto3 client. Raises CannotAskError when there is none to be had."""
        if self.client is None:
            raise CannotAskError(CREDENTIALS)
        return self.client(service)

    def counts(self, request: Request) -> bool:
        """Return whether a request counts against the usage plan, given the mode of the edge."""
        modes = {**(self.applied.get("group_modes") or {})}
        modes["prompt-injection"] = self.applied.get("injection_mode")
        return request.counts or modes.get(request.rule) == "count"

    def key(self, request: Request) -> str:
        """Return the API key that a request is sent with, or nothing."""
        if request.rehearsed.key:
            return self.switches.key(request.rehearsed.key)
        uses = request.copies - request.before
        own = self.switches.key("own", uses) if request.key == "own" else ""
        if request.key == "other":
            return self._other_key()
        fixed = {"own": self.api_key, "client": self.api_key, "none": "", "wrong": NOBODYS}
        return own or (fixed | dict(self.applied.keys))[request.key]

    def _other_key(self) -> str:
        """Return the key of a client that may ask, and is not the one that does."""
        disabled = {one["client"] for one in self.applied.get("disabled_clients") or ()}
        for client, key in sorted(self.applied.keys.items()):
            if client not in disabled and key != self.api_key:
                return key
        raise CannotAskError("this environment has no other client that may ask")

    def ask(self, request: Request) -> tuple[Answer, ...]:
        """Send a request, what comes before it, and all of its copies; the answers in order."""
        self.switches.fit(request.copies)
        before, request = turns.before(self, request)
        with self.switches.set(request.rehearsed):
            if request.via == "invoke":
                return (self._invoke(request),)
            return (*before, *self._sent(request))

    def send(self, request: Request) -> Answer:
        """Send one request, when the limits allow it."""
        self.http.wait(counts=self.counts(request))
        address = request.rehearsed.address or self.http.address()
        return self.http.send(request, self.key(request), address, self.tokens.of(request.bearer))

    def _sent(self, request: Request) -> tuple[Answer, ...]:
        flood, after = int(request.rehearsed.flood), int(request.rehearsed.after)
        if not (flood or after or request.twice):
            return (self.send(request),)
        key, token, http = self.key(request), self.tokens.of(request.bearer), self.http
        if after:
            # An address of its own, or others would be refused for what these do.
            address = request.rehearsed.address or http.new_address()
            return tuple(http.send(request, key, address, token) for _ in range(after + 1))
        at_once = 2 if request.twice else flood
        http.wait(counts=self.counts(request) and request.twice)
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            copies = [
                pool.submit(http.send, request, key, http.new_address(), token)
                for _ in range(at_once)
            ]
        http.rest(1.0)
        return tuple(copy.result() for copy in copies)

    def _invoke(self, request: Request) -> Answer:
        own_id = str(uuid.uuid4())
        signed_in = self.applied.get("sign_in") and request.bearer == "own"
        # By version number: invocations of the alias count as client requests in the metrics.
        reply = self.aws("lambda").invoke(
            FunctionName=self.applied["function_name"],
            Qualifier=self.applied["function_version"],
            Payload=request.payload(own_id, SOMEBODY if signed_in else None),
        )
        payload = reply["Payload"].read()
        known_as = own_id if request.enveloped else reply["ResponseMetadata"]["RequestId"]
        headers = {"x-amzn-requestid": known_as}
        answer = Answer(0, {}, payload).json()
        if "FunctionError" in reply or not isinstance(answer.get("statusCode"), int):
            return Answer(0, headers, b"the function failed: " + payload)
        sent = answer.get("headers")
        if isinstance(sent, dict):
            headers |= {str(name).lower(): str(value) for name, value in sent.items()}
        return Answer(answer["statusCode"], headers, str(answer.get("body", "")).encode())
