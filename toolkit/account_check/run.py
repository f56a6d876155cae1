"""Run every check of the account in order."""

from collections.abc import Callable
from pathlib import Path

from toolkit.account_check import account, environment, model
from toolkit.account_check.asking import Aws, Question, attempt
from toolkit.account_check.findings import Finding, Result, failed, passed, skipped
from toolkit.planned import Settings, planned
from toolkit.terraform import TerraformError

CHECKS: tuple[tuple[str, Callable[[Question], Finding]], ...] = (
    ("the origin is your page's", environment.origin),
    ("the modules have no advice", environment.advice),
    ("the facts about AWS are fresh", model.facts),
    ("the model is alive", model.lifecycle),
    ("the function's runtime is alive", model.runtime),
    ("the role may follow the inference profile", model.destinations),
    ("the account has access to the model", model.access),
    ("Anthropic's first-use form is filled in", model.use_case),
    ("the model's quotas suffice", model.quotas),
    ("the role may apply enforced guardrails", model.enforced_guardrails),
    ("invocation logging overwrites nobody's", account.invocation_logging),
    ("API Gateway's log role replaces nobody's", account.gateway_role),
    ("the account is recorded by one trail", account.trails),
    ("Lambda has concurrency to reserve", account.concurrency),
    ("the function's package is there", account.package),
    ("the account's quotas have room", account.room),
    ("every name is free", account.names),
)


def run(env: str, folder: Path, aws: Aws, report: Callable[[Result], None]) -> list[Result]:
    """Run every check in order, and report each result as it comes."""
    question = Question(env, Settings.read(folder), aws)
    results: list[Result] = []

    def note(name: str, finding: Finding) -> Finding:
        results.append(Result(name, finding.status, finding.detail, finding.do))
        report(results[-1])
        return finding

    blocked = ""
    if note("the account is the allowed one", environment.account(question)).status == "fail":
        blocked = "the account is not settled yet"
    for name, check in (
        ("the state bucket is ready", environment.state_bucket),
        ("it plans", _plan(folder)),
    ):
        if blocked:
            note(name, skipped(blocked))
        elif note(name, attempt(check, question)).status == "fail" and name == "it plans":
            blocked = "there is no plan to go by"
    for name, check in CHECKS:
        note(name, skipped(blocked) if blocked else attempt(check, question))
    return results


def _plan(folder: Path) -> Callable[[Question], Finding]:
    def check(question: Question) -> Finding:
        try:
            question.plan = planned(folder)
        except TerraformError as error:
            return failed(str(error), f"correct envs/{question.env}, then run this again")
        return passed(f"{len(question.plan.resources)} resources in {question.plan.region}")

    return check
