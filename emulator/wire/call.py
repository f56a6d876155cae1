"""A request as one value: what it is, who makes it, and what it asks for."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from emulator.wire.documents import Document
from emulator.wire.errors import WireProtocol
from emulator.wire.http import HttpRequest
from emulator.wire.ids import new_uuid
from emulator.wire.partition import partition_of


@dataclass(frozen=True)
class Credential:
    """What a Signature Version 4 says about its maker; the signature itself is not checked."""

    access_key_id: str
    region: str
    service: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Principal:
    """Who makes a call."""

    arn: str
    account: str
    type: Literal["Root", "AssumedRole", "WebIdentityUser", "Unknown"]
    role_name: str = ""
    session_name: str = ""
    role_arn: str = ""
    user_id: str = ""
    access_key_id: str = ""
    issued: datetime | None = None
    session_policy: str | None = field(default=None, repr=False)
    session_policy_arns: tuple[str, ...] = ()

    @property
    def administrator(self) -> bool:
        """Return whether no policy limits this principal."""
        return self.type == "Root"


UNKNOWN = Principal(arn="", account="", type="Unknown")
"""The principal of a call that is not authenticated: it is allowed nothing."""


@dataclass(frozen=True)
class Call:
    """One request, recognized once: every later step reads it here.

    Attributes:
        service: botocore's name of the service.
        operation: botocore's name; empty where the request is no operation, or two at once.
        params: what the operation is given.
        problem: why the parameters could not be read; then `params` has those of the path alone.
    """

    request: HttpRequest
    credential: Credential | None = None
    service: str = ""
    operation: str = ""
    protocol: WireProtocol = "rest-json"
    endpoint_prefix: str = ""
    params: Document = field(default_factory=dict, repr=False)
    problem: str | None = None
    principal: Principal = UNKNOWN
    request_id: str = field(default_factory=new_uuid)

    @property
    def region(self) -> str:
        """Return the Region that the caller signed for."""
        return self.credential.region if self.credential else ""

    @property
    def partition(self) -> str:
        """Return the partition that the call goes to: the first part of its ARNs."""
        return partition_of(self.region)

    @property
    def path(self) -> str:
        """Return the path, percent-encoded."""
        return self.request.path

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.request.method

    @property
    def name(self) -> str:
        """Return what logs and messages call it."""
        return f"{self.service} {self.operation}" if self.operation else "an unknown operation"
