"""The emulator answers as AWS was recorded to, or the list of differences says why not."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.harness import (
    ABSENT,
    DIFFERS,
    MATCHED,
    README,
    RECORDED,
    NotImplementedHereError,
    Recording,
    compared,
    counts,
    differences,
    recordings,
    replays,
    table,
)
from tests.emulator.conftest import Emulator

for _file in sorted(Path(__file__).parent.glob("replay_*.py")):
    importlib.import_module(f"tests.conformance.{_file.stem}")

_RECORDINGS = recordings()
needs_recordings = pytest.mark.skipif(
    not _RECORDINGS, reason=f"the recorded answers of AWS are not at {RECORDED}"
)


@pytest.mark.parametrize("recording", _RECORDINGS or [None], ids=lambda one: one and one.id)
@needs_recordings
def test_the_emulator_answers_as_aws_was_recorded(recording: Recording, emulator: Emulator) -> None:
    run, reading = replays[recording.id]
    try:
        found = list(compared(dict(reading or recording.answer), run(emulator)))
        outcome = DIFFERS if found else MATCHED
    except NotImplementedHereError as error:
        found, outcome = [str(error)], ABSENT
    listed = differences().get(recording.id)
    expected = listed.kind if listed else MATCHED
    assert outcome == expected, f"{recording.situation}: {outcome}, listed as {expected}: {found}"
    counts[outcome] += 1


@needs_recordings
def test_every_replay_and_every_difference_is_of_a_recording() -> None:
    known = {one.id for one in _RECORDINGS}
    assert not replays.keys() - known
    assert not differences().keys() - known


def test_the_readme_shows_each_difference_and_no_other() -> None:
    assert table() in README.read_text(encoding="utf-8"), f"emulator/README.md needs\n{table()}"


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ({"status": 400}, {"status": 400, "code": "X"}, True),
        ({"status": 400, "note": "prose"}, {"status": 400}, True),
        ({"status": 400}, {"status": 403}, False),
        ({"status": 400}, {}, False),
        ({"on": True}, {"on": 1}, False),
        ({"message": "No <id>."}, {"message": "No a1."}, True),
        ({"message": "No <id>."}, {"message": "No a1"}, False),
        ({"message": "a…"}, {"message": None}, False),
        ({"by": {"<id>": [1]}}, {"by": {"a1": [1]}}, True),
        ({"by": {"<id>": [1]}}, {"by": {"a1": [2]}}, False),
        ({"list": [1]}, {"list": [1, 2]}, False),
        ({"headers": {"Content-Type": "a"}}, {"headers": {"content-type": "a", "x": "b"}}, True),
        ({"body": {"message": "a"}}, {"body": {"message": "a", "Message": "a"}}, False),
        ({"body": {}}, {"body": ""}, False),
    ],
)
def test_answers_are_compared_by_what_was_recorded(
    expected: dict[str, Any], actual: dict[str, Any], *, same: bool
) -> None:
    assert bool(list(compared(expected, actual))) is not same
