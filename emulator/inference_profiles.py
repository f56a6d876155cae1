"""Cross-Region inference profiles, as GetInferenceProfile tells of them. moto has none.

Source: Amazon Bedrock API Reference, GetInferenceProfile; where a profile routes to is in the data
file of modules/chatbot.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from emulator.http import aws_error, json_response
from emulator.partition import partition_of
from toolkit import aws_facts

if TYPE_CHECKING:
    from emulator.http import HttpResponse

_PATH = "/inference-profiles/"


def owns(method: str, path: str) -> bool:
    """Tell whether a `bedrock` request asks for one profile."""
    return method == "GET" and path.startswith(_PATH)


def answer(path: str, region: str, account: str) -> HttpResponse:
    """Answer GetInferenceProfile for a profile that AWS defines."""
    name = unquote(path).removeprefix(_PATH).rpartition("/")[2]
    geography, _, model = name.partition(".")
    route = aws_facts.route(geography, model, region)
    if route is None:
        return aws_error(
            404, "ResourceNotFoundException", "The requested resource could not be found."
        )
    known = aws_facts.models().get(model)
    bedrock = f"arn:{partition_of(region)}:bedrock"
    arns = [f"{bedrock}:{each}::foundation-model/{model}" for each in sorted(route.regions)]
    if geography == "global":
        arns.append(f"{bedrock}:::foundation-model/{model}")
    since = datetime(2025, 1, 1, tzinfo=UTC).isoformat()
    return json_response(
        200,
        {
            "inferenceProfileName": f"{geography.upper()} {known.name if known else model}",
            "description": f"Routes requests to {model} in {', '.join(sorted(route.regions))}.",
            "createdAt": since,
            "updatedAt": since,
            "inferenceProfileArn": f"{bedrock}:{region}:{account}:inference-profile/{name}",
            "models": [{"modelArn": arn} for arn in arns],
            "inferenceProfileId": name,
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        },
    )
