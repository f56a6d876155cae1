"""A call of AWS for each action, with parameters that name what an environment has.

Operations, and what each requires, come from AWS's own service models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session

from emulator.iam.actions import action_of
from tests.services import SERVICES as CONFIGURED

SERVICES = (*CONFIGURED, "bedrock-agent", "bedrock-agent-runtime", "bedrock-runtime")
DEEPEST = 6  # of structures inside structures, which some models nest without end


@dataclass(frozen=True)
class Try:
    """One call: operation and parameters as boto3 takes them, and the action that IAM is asked."""

    service: str
    operation: str
    action: str
    source: str  # of its event in the trail
    parameters: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the call's name among all."""
        return f"{self.service}.{self.operation}"

    @property
    def method(self) -> str:
        return str(botocore.xform_name(self.operation))


def tries(names: Mapping[str, str]) -> Iterator[Try]:
    """Yield a call for every operation of the services.

    `names` has the values of members, by their names in lower case; one that begins with a service
    and a dot is for that service alone.
    """
    for service in SERVICES:
        model = _model(service)
        prefix = "bedrock" if service.startswith("bedrock") else model.endpoint_prefix
        for operation in model.operation_names:
            about = model.operation_model(operation)
            if about.deprecated:
                continue  # its successor has the same request
            given: dict[str, Any] = _value(about.input_shape, service, names, 0) or {}
            action = action_of(service, operation)
            if service == "apigateway":  # whose actions are the HTTP verbs
                action = f"apigateway:{about.http['method']}"
            yield Try(service, operation, action, f"{prefix}.amazonaws.com", given)


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _value(shape: Any, service: str, names: Mapping[str, str], depth: int) -> Any:
    if shape is None:
        return {}
    match shape.type_name:
        case "structure":
            return _structure(shape, service, names, depth)
        case "list":
            return [_value(shape.member, service, names, depth + 1)]
        case "map":
            return {}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(shape.metadata.get("min") or 1, 1)
        case "blob":
            return b"{}"
        case "boolean":
            return False
        case "timestamp":
            return datetime(2026, 1, 1, tzinfo=UTC)
    least = shape.metadata.get("min") or 1
    return float(least) if shape.type_name in {"double", "float"} else int(least)


def _structure(shape: Any, service: str, names: Mapping[str, str], depth: int) -> dict[str, Any]:
    if shape.is_document_type or depth > DEEPEST:
        return {}
    needed = set(shape.required_members)
    wanted = [name for name in shape.members if name in needed or _known(name, service, names)]
    if shape.is_tagged_union:
        wanted = (wanted or list(shape.members))[:1]
    found: dict[str, Any] = {}
    for name in wanted:
        member = shape.members[name]
        known = _known(name, service, names)
        if known and member.type_name == "string":
            found[name] = known
        elif known and member.type_name == "list" and member.member.type_name == "string":
            found[name] = [known]
        elif name in needed or shape.is_tagged_union:
            found[name] = _value(member, service, names, depth + 1)
    return found


def _known(name: str, service: str, names: Mapping[str, str]) -> str:
    lower = name.lower()
    return names.get(f"{service}.{lower}") or names.get(lower) or ""
