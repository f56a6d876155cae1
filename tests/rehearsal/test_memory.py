"""A budget from end to end, under fifty clients at once.

What a conversation promises, and a table that does not answer, the proofs of compute.toml ask of
tests/rehearsal/customised.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatbot.budgets import most_tokens
from chatbot.leaks import LeakDetector
from tests.conftest import applied, missing
from tests.rehearsal.live import HOME, REGION
from tests.rehearsal.notices import pass_time
from toolkit.proofs.client import Answer, Client
from toolkit.proofs.kinds import Request
from toolkit.rehearsal import Rehearsal

pytestmark = pytest.mark.long

QUESTION = "Where is my order?"
SYSTEM_PROMPT = "You answer customers."
LIMIT = 9000
ENVIRONMENT = f"""
module "chatbot" {{
  source = "../../modules/chatbot"

  environment          = "memory"
  package              = "${{path.root}}/../../build/chatbot.zip"
  allowed_origin       = "https://chat.example.com"
  clients              = {{ app = {{}}, web = {{}} }}
  reserved_concurrency = 20

  budget = {{
    client_tokens_per_day   = 10000000
    client_tokens_per_month = 100000000
    clients                 = {{ web = {{ tokens_per_day = {LIMIT} }} }}
  }}

  conversation = {{ max_chars = 1200, max_turns = 3, ttl_hours = 1 }}

  account    = {{ api_gateway_log_role = {{}}, invocation_logging = {{}}, trail = null }}
  api        = {{ plan = {{ rate_limit = 10000, burst_limit = 5000, quota_limit = 1000000 }} }}
  edge       = {{ limits = {{ rate_requests = 1000000 }} }}
  function   = {{ max_message_chars = 200, system_prompt = "{SYSTEM_PROMPT}" }}
  operations = {{ alert_emails = [] }}
}}
"""


def with_memory(rehearsal: Rehearsal) -> None:
    (rehearsal.folder / "main.tf").write_text(ENVIRONMENT)


@pytest.fixture(scope="module")
def memory(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    with applied("dev", home=HOME, change=with_memory) as rehearsal:
        yield rehearsal


def test_nothing_is_missing_and_a_second_plan_is_empty(memory: Rehearsal) -> None:
    plan = memory.terraform().run("plan", "-detailed-exitcode", "-no-color", ok=(0, 2))
    assert plan.returncode == 0, plan.stdout
    assert missing(memory) == set()


def test_fifty_clients_for_a_minute_get_what_the_budget_holds(memory: Rehearsal) -> None:
    key = memory.client("apigateway", REGION).get_api_key(
        apiKey=memory.terraform().outputs()["api_key_ids"]["web"], includeValue=True
    )["value"]
    client = Client(memory.session().url)
    question = Request(layer="compute", control="budgets", name="asked at once", message=QUESTION)

    def ask() -> Answer:
        return client.send(question, key, "127.0.0.1")

    prompt = LeakDetector(SYSTEM_PROMPT, "any").text
    worst = most_tokens([prompt, QUESTION]) + 512
    end, lock = time.monotonic() + 60, threading.Lock()
    usages: list[int] = []
    seen: Counter[str] = Counter()

    def hammer(_: int) -> None:
        while time.monotonic() < end:
            answer = ask()
            with lock:
                if answer.status == 200:
                    usages.append(sum(answer.json()["usage"].values()))
                    seen["answered"] += 1
                else:
                    seen[answer.error["code"]] += 1
                    if answer.error["code"] == "budget_exhausted":
                        assert 0 < int(answer.headers["retry-after"]) <= 86_400

    assert alarm_of(memory, "budget-nearly-used") == "OK"
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(hammer, range(50)))
    assert alarm_of(memory, "budget-nearly-used") == "ALARM"
    (paid,) = set(usages)
    assert len(usages) == (LIMIT - worst) // paid + 1, seen
    assert sum(usages) <= LIMIT
    assert seen["budget_exhausted"] > 0
    last = ask()
    assert (last.status, last.error["code"]) == (429, "budget_exhausted")
    assert memory_counters(memory) == {"total": sum(usages)}


def alarm_of(rehearsal: Rehearsal, name: str) -> str:
    """Return the state of an alarm, as of now."""
    pass_time(rehearsal, 0)
    (alarm,) = rehearsal.client("cloudwatch", REGION).describe_alarms(
        AlarmNames=[f"chatbot-memory-{name}"]
    )["MetricAlarms"]
    return str(alarm["StateValue"])


def memory_counters(rehearsal: Rehearsal) -> dict[str, int]:
    """Return what the table says that the client web has used."""
    items = rehearsal.client("dynamodb", REGION).query(
        TableName="chatbot-memory",
        KeyConditionExpression="pk = :owner",
        ExpressionAttributeValues={":owner": {"S": "budget/web"}},
    )["Items"]
    return {"total": sum(int(one["total"]["N"]) for one in items)}
