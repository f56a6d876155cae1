"""An environment is rehearsed where its provider says, in any region and partition."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.conftest import HOME
from toolkit.processes import free_port
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long

PLACES = {
    "eu-central-1": ("aws", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
    "us-gov-west-1": ("aws-us-gov", "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"),
}


@pytest.fixture(params=PLACES)
def elsewhere(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    package: None,  # noqa: ARG001 - it must be built first
) -> Iterator[Rehearsal]:
    """envs/dev in another region, without the trail that would take a minute."""
    region = request.param
    source = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "envs" / "dev", source, ignore=shutil.ignore_patterns(".terraform"))
    main, providers = source / "main.tf", source / "providers.tf"
    model = f'model = {{ inference_profile_id = "{PLACES[region][1]}" }}'
    text = re.sub(r"trail += \{.*\}", "trail = null", main.read_text())
    main.write_text(text.replace("clients = {", f"{model}\n\n  clients = {{"))
    providers.write_text(providers.read_text().replace("us-east-2", region))
    rehearsal = Rehearsal("elsewhere", free_port(), home=HOME, source=source)
    rehearsal.stage()
    rehearsal.up(lambda _: None)
    yield rehearsal
    rehearsal.down()


def test_the_chatbot_answers_in_another_region(elsewhere: Rehearsal) -> None:
    session = elsewhere.session()
    request = urllib.request.Request(
        session.url,
        json.dumps({"message": "Where is my order?"}).encode(),
        {"x-api-key": session.api_key, "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=35) as reply:
            assert json.loads(reply.read())["blocked"] is False
    except urllib.error.HTTPError as error:
        logs = elsewhere.client("logs", session.region)
        group = elsewhere.terraform().outputs()["log_groups"]["function"]
        events = logs.filter_log_events(logGroupName=group)["events"]
        pytest.fail(f"{error}: {error.read().decode()} {events}")
    outputs = elsewhere.terraform().outputs()
    assert outputs["region"] == session.region
    partition, _ = PLACES[session.region]
    assert outputs["alias_arn"].startswith(f"arn:{partition}:lambda:{session.region}:")
    plan = elsewhere.terraform().run("plan", "-detailed-exitcode", "-no-color", ok=(0, 2))
    assert plan.returncode == 0, plan.stdout
