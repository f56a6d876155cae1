"""The environment, read once and checked; nothing else in this package reads it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bedrock takes an empty id or version without a word and then applies no guardrail at all, so
# both must look like what they are. (Bedrock API Reference, GuardrailConfiguration.)
GUARDRAIL_ID = re.compile(
    r"[a-z0-9]+|arn:aws[a-z-]*:bedrock:(?P<region>[a-z0-9-]+):\d{12}:guardrail/[a-z0-9]+"
)
GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
SCREENING_MODE = re.compile(r"block|count")
ORIGIN = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    allowed_origin: str
    blocked_message: str
    guardrail_id: str
    guardrail_version: str
    max_message_chars: int
    max_output_tokens: int
    model_id: str
    region: str
    screening_mode: str
    system_prompt: str


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

    def positive(name: str) -> int:
        value = text(name, re.compile(r"[1-9][0-9]{0,6}"), "be a whole number above zero")
        return int(value) if value.isdecimal() else 0

    config = Config(
        allowed_origin=text("ALLOWED_ORIGIN", ORIGIN, "be one origin, https://host[:port]"),
        blocked_message=text("BLOCKED_MESSAGE"),
        guardrail_id=text("GUARDRAIL_ID", GUARDRAIL_ID, "be a guardrail's id or ARN"),
        guardrail_version=text("GUARDRAIL_VERSION", GUARDRAIL_VERSION, "be a number, or DRAFT"),
        max_message_chars=positive("MAX_MESSAGE_CHARS"),
        max_output_tokens=positive("MAX_OUTPUT_TOKENS"),
        model_id=text("MODEL_ID"),
        region=text("AWS_REGION"),
        screening_mode=text("SCREENING_MODE", SCREENING_MODE, "be block or count"),
        system_prompt=text("SYSTEM_PROMPT"),
    )
    guardrail = GUARDRAIL_ID.fullmatch(config.guardrail_id)
    if guardrail and guardrail["region"] not in {None, config.region}:
        problems.append("GUARDRAIL_ID must be in the function's own region")
    if problems:
        raise InternalError(hint="; ".join(problems))
    return config


def allowed_origin(environ: Mapping[str, str] = os.environ) -> str | None:
    """Say which origin may read the answers, even when the rest of the configuration is wrong."""
    origin = environ.get("ALLOWED_ORIGIN", "")
    return origin if ORIGIN.fullmatch(origin) else None
