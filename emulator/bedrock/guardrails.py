"""Bedrock guardrails as resources: create, read, update, publish, delete, tag. moto has none."""

import copy
import re
import secrets
import string
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse, json_response
from emulator.wire.partition import partition_of

DRAFT = "DRAFT"

_ID_CHARACTERS = string.ascii_lowercase + string.digits

# A request's field, the answer's field for the same thing, and its lists likewise.
_POLICIES: dict[str, tuple[str, dict[str, str]]] = {
    "topicPolicyConfig": ("topicPolicy", {"topicsConfig": "topics", "tierConfig": "tier"}),
    "contentPolicyConfig": ("contentPolicy", {"filtersConfig": "filters", "tierConfig": "tier"}),
    "wordPolicyConfig": (
        "wordPolicy",
        {"wordsConfig": "words", "managedWordListsConfig": "managedWordLists"},
    ),
    "sensitiveInformationPolicyConfig": (
        "sensitiveInformationPolicy",
        {"piiEntitiesConfig": "piiEntities", "regexesConfig": "regexes"},
    ),
    "contextualGroundingPolicyConfig": ("contextualGroundingPolicy", {"filtersConfig": "filters"}),
}


@dataclass
class _Guardrail:
    arn: str
    draft: JsonObject
    versions: dict[str, JsonObject] = field(default_factory=dict)
    published: int = 0
    tags: dict[str, str] = field(default_factory=dict)


class GuardrailApi:
    """The guardrail operations of the `bedrock` API, one region apart from the next."""

    OPERATIONS = (
        *("CreateGuardrail", "CreateGuardrailVersion", "DeleteGuardrail", "GetGuardrail"),
        *("ListGuardrails", "UpdateGuardrail"),
        *("ListTagsForResource", "TagResource", "UntagResource"),
    )

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._lock = threading.Lock()
        self._regions: dict[str, dict[str, _Guardrail]] = {}

    def answer(self, call: Call) -> HttpResponse | None:
        """Answer one operation on guardrails; None for tags of other things. Raises AwsError."""
        with self._lock:
            return self._answer(call)

    def _answer(self, call: Call) -> HttpResponse | None:
        guardrails = self._regions.setdefault(call.region, {})
        given, identifier = call.params, call.params.get("guardrailIdentifier", "")
        version = given.get("guardrailVersion")
        match call.operation:
            case "CreateGuardrail":
                return self._create(given, guardrails, call.region)
            case "ListGuardrails":
                return self._list(given, guardrails)
            case "CreateGuardrailVersion":
                return self._publish(identifier, given, guardrails)
            case "GetGuardrail":
                return json_response(200, _read(identifier, version or DRAFT, guardrails))
            case "UpdateGuardrail":
                return self._update(identifier, given, guardrails)
            case "DeleteGuardrail":
                return self._delete(identifier, version, guardrails)
            case "TagResource" | "UntagResource" | "ListTagsForResource":
                if ":guardrail/" in given["resourceARN"]:
                    return self._tags(call.operation, given, guardrails)
        return None

    def _create(
        self, document: Document, guardrails: dict[str, _Guardrail], region: str
    ) -> HttpResponse:
        _validate(document)
        _refuse_taken_name(document["name"], guardrails)
        guardrail_id = "".join(secrets.choice(_ID_CHARACTERS) for _ in range(12))
        partition = partition_of(region)
        arn = f"arn:{partition}:bedrock:{region}:{self._account_id}:guardrail/{guardrail_id}"
        now = _now()
        draft = _described(document) | {
            "guardrailId": guardrail_id,
            "guardrailArn": arn,
            "version": DRAFT,
            "status": "READY",
            "createdAt": now,
            "updatedAt": now,
        }
        tags = {tag["key"]: tag["value"] for tag in document.get("tags") or []}
        guardrails[guardrail_id] = _Guardrail(arn, draft, tags=tags)
        fields = ("guardrailId", "guardrailArn", "version", "createdAt")
        return json_response(202, {name: draft[name] for name in fields})

    def _update(
        self, identifier: str, document: Document, guardrails: dict[str, _Guardrail]
    ) -> HttpResponse:
        guardrail = _find(identifier, guardrails)
        _validate(document)
        if document["name"] != guardrail.draft["name"]:
            _refuse_taken_name(document["name"], guardrails)
        kept = ("guardrailId", "guardrailArn", "version", "status", "createdAt")
        guardrail.draft = _described(document) | {name: guardrail.draft[name] for name in kept}
        guardrail.draft["updatedAt"] = _now()
        fields = ("guardrailId", "guardrailArn", "version", "updatedAt")
        return json_response(202, {name: guardrail.draft[name] for name in fields})

    def _publish(
        self, identifier: str, document: Document, guardrails: dict[str, _Guardrail]
    ) -> HttpResponse:
        guardrail = _find(identifier, guardrails)
        # A number is never given twice, even after its version is deleted.
        guardrail.published += 1
        version = str(guardrail.published)
        snapshot = copy.deepcopy(guardrail.draft)
        snapshot.pop("description", None)
        now = _now()
        snapshot |= {"version": version, "createdAt": now, "updatedAt": now}
        if document.get("description"):
            snapshot["description"] = document["description"]
        guardrail.versions[version] = snapshot
        guardrail_id = guardrail.draft["guardrailId"]
        return json_response(202, {"guardrailId": guardrail_id, "version": version})

    def _delete(
        self, identifier: str, version: str | None, guardrails: dict[str, _Guardrail]
    ) -> HttpResponse:
        guardrail = _find(identifier, guardrails)
        if version is None:
            del guardrails[guardrail.draft["guardrailId"]]
        elif not re.fullmatch(r"[1-9]\d{0,7}", version):
            raise AwsError(
                400, "ValidationException", "Only a numbered guardrail version can be deleted."
            )
        elif guardrail.versions.pop(version, None) is None:
            raise _not_found(identifier)
        return json_response(202, {})

    def _list(self, given: Document, guardrails: dict[str, _Guardrail]) -> HttpResponse:
        if identifier := given.get("guardrailIdentifier"):
            guardrail = _find(identifier, guardrails)
            found = [guardrail.draft, *guardrail.versions.values()]
        else:
            found = [guardrail.draft for guardrail in guardrails.values()]
        count = int(given.get("maxResults") or 1000)
        try:
            start = int(given.get("nextToken") or 0)
        except ValueError:
            start = -1
        if start < 0:
            raise AwsError(400, "ValidationException", "Invalid nextToken")
        names = ("name", "description", "status", "version", "createdAt", "updatedAt")
        summaries = [
            {"id": each["guardrailId"], "arn": each["guardrailArn"]}
            | {name: each[name] for name in names if name in each}
            for each in found[start : start + count]
        ]
        answer: JsonObject = {"guardrails": summaries}
        if start + count < len(found):
            answer["nextToken"] = str(start + count)
        return json_response(200, answer)

    def _tags(
        self, operation: str, document: Document, guardrails: dict[str, _Guardrail]
    ) -> HttpResponse:
        tags = _find(document["resourceARN"], guardrails).tags
        match operation:
            case "TagResource":
                tags |= {tag["key"]: tag["value"] for tag in document.get("tags") or []}
            case "UntagResource":
                for key in document.get("tagKeys") or []:
                    tags.pop(key, None)
            case _:
                pairs = [{"key": key, "value": value} for key, value in tags.items()]
                return json_response(200, {"tags": pairs})
        return json_response(200, {})


def _find(identifier: str, guardrails: dict[str, _Guardrail]) -> _Guardrail:
    guardrail_id = identifier.rpartition("/")[2]
    guardrail = guardrails.get(guardrail_id)
    if guardrail is None or identifier not in {guardrail_id, guardrail.arn}:
        raise _not_found(identifier)
    return guardrail


def _read(identifier: str, version: str, guardrails: dict[str, _Guardrail]) -> JsonObject:
    guardrail = _find(identifier, guardrails)
    if version == DRAFT:
        return guardrail.draft
    if version not in guardrail.versions:
        raise _not_found(identifier)
    return guardrail.versions[version]


def _not_found(identifier: str) -> AwsError:
    return AwsError(
        404,
        "ResourceNotFoundException",
        f"Could not resolve the guardrail {identifier} in the requested version.",
    )


def _refuse_taken_name(name: str, guardrails: dict[str, _Guardrail]) -> None:
    if any(guardrail.draft["name"] == name for guardrail in guardrails.values()):
        raise AwsError(
            409, "ConflictException", f"Another guardrail in your account already has name {name}."
        )


def _validate(document: Document) -> None:
    if problem := _policy_problem(document):
        raise AwsError(400, "ValidationException", problem)


def _policy_problem(document: Document) -> str | None:
    """Check what AWS checks beyond the shapes of its service model."""
    filters = (document.get("contentPolicyConfig") or {}).get("filtersConfig") or []
    kinds = [each["type"] for each in filters]
    if len(kinds) != len(set(kinds)):
        return "Each content filter type can be given once"
    for each in filters:
        if each["type"] == "PROMPT_ATTACK" and each["outputStrength"] != "NONE":
            return "PROMPT ATTACK content filter strength for response must be NONE"
    sensitive = document.get("sensitiveInformationPolicyConfig") or {}
    for regex in sensitive.get("regexesConfig") or []:
        if re.search(r"\(\?<?[=!]", regex["pattern"]):
            return f"Regex {regex['name']} uses lookaround, which guardrails do not support"
        try:
            re.compile(regex["pattern"])
        except re.error as error:
            return f"Regex {regex['name']} is invalid: {error}"
    return None


def _described(document: Document) -> JsonObject:
    """Turn the configuration of a request into the description that AWS returns for it."""
    names = ("name", "description", "blockedInputMessaging", "blockedOutputsMessaging")
    described = {name: document[name] for name in names if document.get(name) is not None}
    for field_name, (answer_name, lists) in _POLICIES.items():
        policy = document.get(field_name)
        if policy:
            described[answer_name] = {
                lists.get(name, name): copy.deepcopy(value)
                for name, value in policy.items()
                if value is not None
            }
    if document.get("kmsKeyId"):
        described["kmsKeyArn"] = document["kmsKeyId"]
    return described


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
