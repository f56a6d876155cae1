"""The environment, read once and checked; nothing else in this package reads it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatbot.errors import InternalError
from chatbot.signing import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.budgets import BudgetConfig, Limits
    from chatbot.conversations import ConversationConfig

BLOCK_OR_COUNT = re.compile(r"block|count")
# Bedrock accepts an empty id or version without an error and then applies no guardrail, so
# both must look like what they are. (Bedrock API Reference, GuardrailConfiguration.)
GUARDRAIL_ID = re.compile(
    r"[a-z0-9]+|arn:aws[a-z-]*:bedrock:(?P<region>[a-z0-9-]+):\d{12}:guardrail/[a-z0-9]+"
)
GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
LOG_LEVEL = re.compile(r"INFO|WARN|ERROR")
METRICS_NAMESPACE = re.compile(r"[A-Za-z0-9._#/-]{1,255}")
# As in modules api, compute and edge.
ORIGIN = re.compile(
    r"^(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:localhost|127\.0\.0\.1))(?::[0-9]{1,5})?$"
)
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
SERVICE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Where the endpoints of a partition are not below amazonaws.com. (botocore, partitions.json.)
DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    additional_request_fields: Mapping[str, Any]
    allowed_origin: str
    blocked_message: str
    endpoint: str
    guardrail_id: str
    guardrail_version: str
    leak_mode: str
    max_message_chars: int
    max_output_tokens: int
    model_id: str
    prompt_injection_patterns: tuple[str, ...]  # none: those that the package carries
    region: str
    screening_mode: str
    sign_in: bool  # API Gateway hands on who the person is
    system_prompt: str
    budget: BudgetConfig | None = None
    conversation: ConversationConfig | None = None
    store_endpoint: str = ""
    table: str = ""  # of budgets and conversations; empty where there is neither


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """How the log is written, even when the rest of the configuration is wrong."""

    service: str
    namespace: str | None  # None, where it is wrong: then there are no metrics
    level: str


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the role's keys are: here, or at an address on this machine that asks for a token."""

    keys: Keys | None = None
    address: tuple[str, int, str] | None = None  # host, port, path
    token: str = field(default="", repr=False)


def load(environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check every variable.

    Raises InternalError that names each variable at fault, never its value.
    """
    problems: list[str] = []

    def text(
        name: str, pattern: re.Pattern[str] | None = None, allowed: str = "not be empty"
    ) -> str:
        value = environ.get(name, "")
        if not value.strip() or (pattern and not pattern.fullmatch(value)):
            problems.append(f"{name} must {allowed}")
        return value

    def patterns(name: str) -> tuple[str, ...]:
        lines = environ[name].split("\n") if name in environ else []
        if not all(lines):
            problems.append(f"{name} must hold a regular expression on each line")
        return tuple(lines)

    def positive(name: str) -> int:
        value = text(name, re.compile(r"[1-9][0-9]{0,6}"), "be a whole number above zero")
        return int(value) if value.isdecimal() else 0

    def fields(name: str) -> Mapping[str, Any]:
        value = _json(environ.get(name, ""))
        if not isinstance(value, dict):
            problems.append(f"{name} must be a JSON object")
            return {}
        return value

    def memory[T](name: str, read: Callable[[Mapping[str, Any]], T]) -> T | None:
        if name not in environ:
            return None
        try:
            return read(fields(name))
        except (AttributeError, KeyError, TypeError, ValueError):
            problems.append(f"{name} must be as modules/chatbot writes it")
            return None

    text("LOG_LEVEL", LOG_LEVEL, "be INFO, WARN or ERROR")
    text("METRICS_NAMESPACE", METRICS_NAMESPACE, "be a namespace of CloudWatch")
    text("SERVICE_NAME", SERVICE_NAME, "be a name")
    region = text("AWS_REGION", REGION, "be a region")
    config = Config(
        additional_request_fields=fields("ADDITIONAL_REQUEST_FIELDS"),
        allowed_origin=text("ALLOWED_ORIGIN", ORIGIN, "be one origin, https://host[:port]"),
        blocked_message=text("BLOCKED_MESSAGE"),
        endpoint=environ.get("AWS_ENDPOINT_URL", "") or _endpoint(region),
        guardrail_id=text("GUARDRAIL_ID", GUARDRAIL_ID, "be a guardrail's id or ARN"),
        guardrail_version=text("GUARDRAIL_VERSION", GUARDRAIL_VERSION, "be a number, or DRAFT"),
        leak_mode=text("LEAK_MODE", BLOCK_OR_COUNT, "be block or count"),
        max_message_chars=positive("MAX_MESSAGE_CHARS"),
        max_output_tokens=positive("MAX_OUTPUT_TOKENS"),
        model_id=text("MODEL_ID"),
        prompt_injection_patterns=patterns("PROMPT_INJECTION_PATTERNS"),
        region=region,
        screening_mode=text("SCREENING_MODE", BLOCK_OR_COUNT, "be block or count"),
        sign_in="SIGN_IN" in environ,
        system_prompt=text("SYSTEM_PROMPT"),
        budget=memory("BUDGET", _budget),
        conversation=memory("CONVERSATION", _conversation),
        store_endpoint=environ.get("AWS_ENDPOINT_URL", "") or _endpoint(region, "dynamodb"),
        table=environ.get("TABLE_NAME", ""),
    )
    if environ.get("SIGN_IN", "required") != "required":
        problems.append("SIGN_IN must be required, or not be set")
    if not all(map(ORIGIN.fullmatch, environ.get("FURTHER_ORIGINS", "").split())):
        problems.append("FURTHER_ORIGINS must be origins, https://host[:port], or nothing")
    if not config.table and ("BUDGET" in environ or "CONVERSATION" in environ):
        problems.append("TABLE_NAME must be a table's name")
    if not ORIGIN.fullmatch(config.endpoint):
        # Prompts leave this machine in TLS or not at all.
        problems.append("AWS_ENDPOINT_URL must be https://host[:port]")
    guardrail = GUARDRAIL_ID.fullmatch(config.guardrail_id)
    if guardrail and guardrail["region"] not in {None, config.region}:
        problems.append("GUARDRAIL_ID must be in the function's own region")
    if problems:
        raise InternalError(hint="; ".join(problems))
    return config


def allowed_origins(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the origins that may read the answers, even when the rest is wrong."""
    first = environ.get("ALLOWED_ORIGIN", "")
    named = (first, *environ.get("FURTHER_ORIGINS", "").split())
    return tuple(filter(ORIGIN.fullmatch, named)) if ORIGIN.fullmatch(first) else ()


def telemetry(environ: Mapping[str, str] = os.environ) -> TelemetryConfig:
    """Return how to log; an invalid setting is replaced by the most verbose default."""
    service, level = environ.get("SERVICE_NAME", ""), environ.get("LOG_LEVEL", "")
    namespace = environ.get("METRICS_NAMESPACE", "")
    return TelemetryConfig(
        service if SERVICE_NAME.fullmatch(service) else "chatbot",
        namespace if METRICS_NAMESPACE.fullmatch(namespace) else None,
        level if LOG_LEVEL.fullmatch(level) else "INFO",
    )


def key_source(environ: Mapping[str, str] = os.environ) -> KeySource:
    """Return where the role's keys are now: Lambda changes these variables with SnapStart."""
    key_id = environ.get("AWS_ACCESS_KEY_ID", "")
    secret = environ.get("AWS_SECRET_ACCESS_KEY", "")
    if key_id and secret:
        return KeySource(Keys(key_id, secret, environ.get("AWS_SESSION_TOKEN", "")))
    address = urlsplit(environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""))
    if address.scheme != "http" or address.hostname not in {"localhost", "127.0.0.1"}:
        return KeySource()  # keys come from nowhere but this machine
    path = f"{address.path or '/'}{'?' if address.query else ''}{address.query}"
    return KeySource(
        address=(address.hostname, address.port or 80, path),
        token=environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""),
    )


# What an environment lacks is not imported either.


def _budget(given: Mapping[str, Any]) -> BudgetConfig:
    from chatbot.budgets import BudgetConfig, Limits

    def limits(values: Mapping[str, Any], prefix: str = "") -> Limits:
        found = [values.get(f"{prefix}tokens_per_{period}") for period in ("day", "month")]
        return Limits(*(None if one is None else _whole(one) for one in found))

    return BudgetConfig(
        client=limits(given, "client_"),
        user=limits(given, "user_"),
        clients={name: limits(one) for name, one in given.get("clients", {}).items()},
        answers_without_store={"answer": True, "refuse": False}[given["on_store_failure"]],
    )


def _conversation(given: Mapping[str, Any]) -> ConversationConfig:
    from chatbot.conversations import ConversationConfig

    return ConversationConfig(
        max_chars=_whole(given["max_chars"]),
        max_turns=_whole(given["max_turns"]),
        ttl_hours=_whole(given["ttl_hours"]),
    )


def _whole(value: object) -> int:
    if type(value) is not int or value < 1:
        raise ValueError
    return value


def _endpoint(region: str, service: str = "bedrock-runtime") -> str:
    suffixes = (suffix for start, suffix in DNS_SUFFIXES.items() if region.startswith(start))
    return f"https://{service}.{region}.{next(suffixes, 'amazonaws.com')}"


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (RecursionError, ValueError):
        return None
    return value
