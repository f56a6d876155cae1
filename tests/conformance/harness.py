"""Answers recorded from AWS, the replays that repeat them here, and how the two are compared.

A replay makes on the emulator what a recording says in words, and returns what the recording tells
of, under the same names. `tests/conformance/replay_*.py` hold them, one file a service.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.emulator.conftest import Emulator
from toolkit.terraform import ROOT

Replay = Callable[[Emulator], Mapping[str, Any]]

RECORDED = ROOT.parent / "shared" / "recorded-aws.jsonl"
DIFFERENCES = Path(__file__).parent / "differences.toml"
README = ROOT / "emulator" / "README.md"

# One line of the summary for each outcome.
MATCHED, DIFFERS, ABSENT = "matched", "differing with a reason", "not implemented"
counts: Counter[str] = Counter()

_PLACEHOLDER = re.compile(r"<[^<>]+>|…")
_NOT_COMPARED = {"note"}
_EXACT = {"body"}  # a document to the client: nothing may be added


class NotImplementedHereError(Exception):
    """The emulator says that it lacks what a replay needs."""


@dataclass(frozen=True)
class Recording:
    """One answer of AWS: its id, what was asked in words, and what came back."""

    id: str
    service: str
    situation: str
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """An answer that the emulator gives otherwise, or not at all, with the reason."""

    id: str
    kind: str
    aws: str
    here: str
    why: str


def recordings() -> list[Recording]:
    """Read what was recorded; nothing where the recordings are not at hand."""
    if not RECORDED.exists():
        return []
    lines = map(json.loads, RECORDED.read_text(encoding="utf-8").splitlines())
    return [
        Recording(one["id"], one["service"], one["situation"], one["recorded_answer"])
        for one in lines
    ]


def differences() -> dict[str, Difference]:
    table = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))
    return {
        name: Difference(name, kind, **entry)
        for kind, key in ((DIFFERS, "differs"), (ABSENT, "absent"))
        for name, entry in table.get(key, {}).items()
    }


replays: dict[str, tuple[Replay, Mapping[str, Any] | None]] = {}


def replay(name: str, *, reading: Mapping[str, Any] | None = None) -> Callable[[Replay], Replay]:
    """Register a replay. `reading` is what the recording says, where it says it in prose."""

    def register(function: Replay) -> Replay:
        assert name not in replays, f"two replays of {name}"
        replays[name] = (function, reading)
        return function

    return register


def asking(recording: str, service: str, operation: str, **arguments: Any) -> None:
    """Register a replay that is one call of boto3."""
    replay(recording)(lambda aws: asked(getattr(aws.client(service), operation), **arguments))


def asked(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Call an operation through boto3; return status, code and message, or status and answer."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        said = error.response["Error"]
        if status == 501:
            raise NotImplementedHereError(said["Message"]) from error
        return {"status": status, "code": said["Code"], "message": said["Message"]}
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    return {"status": status, **answer}


def compared(expected: Any, actual: Any, where: str = "") -> Iterator[str]:
    """Yield each difference between what was recorded and what the emulator answers.

    Objects may have more than was recorded, but for the body of an answer. `<…>` in a recorded text
    stands for one that differs from call to call, and so does a key of that form.
    """
    if isinstance(expected, dict):
        yield from _objects(expected, actual, where)
    elif isinstance(expected, list):
        if not isinstance(actual, list | tuple) or len(actual) != len(expected):
            yield f"{where}: recorded {expected!r}, here {actual!r}"
            return
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from compared(one, other, f"{where}[{index}]")
    elif isinstance(expected, str) and _PLACEHOLDER.search(expected):
        parts = map(re.escape, _PLACEHOLDER.split(expected))
        if not isinstance(actual, str) or not re.fullmatch(".+".join(parts), actual, re.DOTALL):
            yield f"{where}: recorded {expected!r}, here {actual!r}"
    elif type(expected) is not type(actual) or expected != actual:
        yield f"{where}: recorded {expected!r}, here {actual!r}"


def _objects(expected: dict[str, Any], actual: Any, where: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{where}: recorded {expected!r}, here {actual!r}"
        return
    fold = str.lower if where.endswith("headers") else str
    actual = {fold(name): value for name, value in actual.items()}
    wanted = {fold(name): value for name, value in expected.items() if name not in _NOT_COMPARED}
    for name, value in wanted.items():
        given = name
        if _PLACEHOLDER.fullmatch(name):
            given = next(iter(actual), name)
        yield from compared(value, actual.get(given), f"{where}.{name}" if where else name)
    if where.rpartition(".")[2] in _EXACT:
        yield from (f"{where}.{name}: not recorded" for name in actual.keys() - wanted.keys())


def table() -> str:
    rows = [f"| {one.aws} | {one.here} | {one.why} |" for one in differences().values()]
    return "\n".join(["| AWS, on record | here | why |", "|---|---|---|", *rows])
