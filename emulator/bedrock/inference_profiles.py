"""Cross-Region inference profiles, which moto lacks: their API, and which one a request names.

Source: Amazon Bedrock API Reference, GetInferenceProfile and ListInferenceProfiles; which profiles
there are, and where each routes to, is in the data file of modules/chatbot.
"""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from emulator.account import Account
from emulator.bedrock.errors import RuntimeApiError
from emulator.wire.call import Call
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse, json_response
from emulator.wire.partition import partition_of
from toolkit import aws_facts

_SINCE = datetime(2025, 1, 1, tzinfo=UTC).isoformat()
_PAGE = 1000  # API reference: the most of one answer


def answer(call: Call, account_id: str) -> HttpResponse:
    """Answer GetInferenceProfile and ListInferenceProfiles. Raises AwsError."""
    if call.operation == "GetInferenceProfile":
        name = unquote(call.path).rpartition("/")[2]
        profile = _profile(name, call.region, account_id)
        if profile is None:
            text = "The requested resource could not be found."
            raise AwsError(404, "ResourceNotFoundException", text)
        return json_response(200, profile)
    profiles = [
        profile
        for model, known in sorted(aws_facts.models().items())
        for geography, routing in sorted(known.profiles.items())
        if call.region in routing.sources
        and call.params.get("typeEquals", "SYSTEM_DEFINED") == "SYSTEM_DEFINED"
        and (profile := _profile(f"{geography}.{model}", call.region, account_id))
    ]
    start = int(call.params.get("nextToken") or 0)
    end = start + int(call.params.get("maxResults") or _PAGE)
    more = {"nextToken": str(end)} if end < len(profiles) else {}
    return json_response(200, {"inferenceProfileSummaries": profiles[start:end], **more})


def _profile(name: str, region: str, account_id: str) -> JsonObject | None:
    geography, _, model = name.partition(".")
    route = aws_facts.route(geography, model, region)
    if route is None:
        return None
    known = aws_facts.models().get(model)
    bedrock = f"arn:{partition_of(region)}:bedrock"
    arns = [f"{bedrock}:{each}::foundation-model/{model}" for each in sorted(route.regions)]
    if geography == "global":
        arns.append(f"{bedrock}:::foundation-model/{model}")
    return {
        "inferenceProfileName": f"{geography.upper()} {known.name if known else model}",
        "description": f"Routes requests to {model} in {', '.join(sorted(route.regions))}.",
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
        "inferenceProfileArn": f"{bedrock}:{region}:{account_id}:inference-profile/{name}",
        "models": [{"modelArn": arn} for arn in arns],
        "inferenceProfileId": name,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


@dataclass(frozen=True)
class NamedModel:
    """A model as it was named: through a profile, or (refused later) directly."""

    model_id: str
    profile_arn: str | None
    destinations: tuple[tuple[str, str], ...]  # (requested region, foundation model ARN)
    documented: bool = True  # where it answers


def named_model(model_id: str, account: Account) -> NamedModel:
    """Return the model that a request names by a profile's id or ARN, or directly.

    Raises:
        RuntimeApiError: AWS knows no such model or profile.
    """
    named = _named_model(model_id, account.region, account.id)
    if not named.documented:
        name = (named.profile_arn or model_id).rpartition("/")[2]
        account.approximations.note(
            "Converse",
            f"{name} answers from {account.region} alone: where AWS routes it is not known here",
        )
    return named


@functools.lru_cache(maxsize=256)
def _named_model(model_id: str, region: str, account_id: str) -> NamedModel:
    bedrock = f"arn:{partition_of(region)}:bedrock"
    profile_prefix = f"{bedrock}:{region}:{account_id}:inference-profile/"
    name = model_id.removeprefix(profile_prefix)
    name = name.removeprefix(f"{bedrock}:{region}::foundation-model/")
    geography, _, rest = name.partition(".")
    invalid = RuntimeApiError("ValidationException", "The provided model identifier is invalid.")
    if name.startswith("arn:") or "." not in name:
        raise invalid
    if geography not in aws_facts.geographies():
        own = f"{bedrock}:{region}::foundation-model/{name}"
        return NamedModel(name, None, ((region, own),))
    route = aws_facts.route(geography, rest, region)
    if route is None or not re.fullmatch(r"[a-z0-9-]+\.[A-Za-z0-9.:-]+", rest):
        raise invalid
    destinations = tuple(
        (each, f"{bedrock}:{each}::foundation-model/{rest}") for each in sorted(route.regions)
    )
    if geography == "global":
        anywhere = f"{bedrock}:::foundation-model/{rest}"
        destinations += (("unspecified", anywhere),)
    profile_arn = f"{profile_prefix}{geography}.{rest}"
    return NamedModel(rest, profile_arn, destinations, route.documented)
