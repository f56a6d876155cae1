"""An option that is off costs nothing: no module of it is imported, and nothing of it is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.options import CASES, OFF, Case
from tests.unit.chatbot.conftest import ENVIRONMENT, reply

ROOT = Path(__file__).parents[3]
# A start of its own, as in Lambda; what goes out is answered here and recorded.
START = """
import json, sys
from chatbot.endpoint import Endpoint
calls, services = [], []
def connect(self):
    services.append([self._scope.service, self._resends])
def post(self, path, document, target=""):
    calls.append(target.partition(".")[2] or "Converse")
    item = {"Attributes": {"total": {"N": "9"}, "turns": {"S": "[]"}}}
    return item if target else REPLY
Endpoint.connect, Endpoint.post = connect, post
from chatbot.handler import lambda_handler
class Context:
    aws_request_id = "f"
    def get_remaining_time_in_millis(self):
        return 20000
answer = lambda_handler(EVENT, Context())
print(json.dumps([answer["statusCode"], calls, services, sorted(sys.modules)]))
"""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_what_is_on_is_imported_and_called(case: Case) -> None:
    answers = {"REPLY": repr(reply("Hello.")), "EVENT": repr(case.event)}
    program = START.replace("REPLY", answers["REPLY"]).replace("EVENT", answers["EVENT"])
    environment = {
        **ENVIRONMENT,
        **case.settings,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "lambda" / "src"),
    }
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    status, called, services, imported = json.loads(ran.stdout.splitlines()[-1])
    assert status == 200
    options = {
        "chatbot.budgets": "BUDGET",
        "chatbot.conversations": "CONVERSATION",
        "chatbot.store": "TABLE_NAME",
    }
    on = {module for module, variable in options.items() if variable in case.settings}
    assert options.keys() & set(imported) == on
    assert called.count("Converse") == 1
    assert called.count("UpdateItem") == len(called) - 1 == case.calls
    # With a budget nothing is sent to the model again that nobody has counted.
    bedrock = ["bedrock", "BUDGET" not in case.settings]
    assert services == ([bedrock, ["dynamodb", True]] if on else [bedrock])


def test_off_is_one_of_the_cases() -> None:
    assert CASES[OFF] == Case({}, calls=0)
