"""What the console shows of the applied environment: in words, in numbers, and as messages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from emulator.wire.documents import Document, JsonObject
from toolkit.proofs.applied import Applied
from toolkit.proofs.cases import cases
from toolkit.proofs.data import load
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Request

LONGEST_SAMPLE = 300
# What the page counts: its words, namespace, metric.
COUNTERS = (
    ("stopped at the edge", "AWS/WAFV2", "BlockedRequests"),
    ("let through by it", "AWS/WAFV2", "AllowedRequests"),
    ("reached the function", "Chatbot", "Requests"),
    ("answered", "Chatbot", "Answered"),
    ("blocked", "Chatbot", "Blocked"),
    ("tokens in", "Chatbot", "InputTokens"),
    ("tokens out", "Chatbot", "OutputTokens"),
)


def configuration(applied: Applied, outputs: Document) -> list[JsonObject]:
    """Return what was applied in words: a layer, and a sentence about it."""
    remembered = [("compute", text) for text in _remembered(outputs)]
    sentences = (*_sentences(applied), *remembered)
    return [{"layer": layer, "text": text} for layer, text in sentences]


def _remembered(outputs: Document) -> Iterator[str]:
    """Describe the budgets and conversations that there are."""
    budget = outputs.get("budget") or {}
    whose = {"a client": _limits(budget, "client_"), "a person": _limits(budget, "user_")}
    whose |= {name: _limits(one) for name, one in (budget.get("clients") or {}).items()}
    for name, limits in whose.items():
        if limits:
            yield f"Budget of {name}: {limits}, by UTC."
    if kept := outputs.get("conversation"):
        yield (
            f"Conversations of up to {kept['max_turns']} turns and {kept['max_chars']:,}"
            f" characters, kept for {kept['ttl_hours']} hours."
        )


def _limits(budget: Document, prefix: str = "") -> str:
    found = {period: budget.get(f"{prefix}tokens_per_{period}") for period in ("day", "month")}
    return ", ".join(f"{limit:,} tokens a {period}" for period, limit in found.items() if limit)


def _sentences(applied: Applied) -> Iterator[tuple[str, str]]:
    def names(name: str, key: str = "") -> str:
        values = applied.get(name) or ()
        return ", ".join(_words(str(one[key] if key else one)) for one in values) or "none"

    if size := applied.get("body_bytes"):
        yield "edge", f"Bodies of up to {size:,} bytes."
    if rate := applied.get("rate_requests"):
        yield "edge", f"{rate} requests per {applied.get('rate_seconds')} s and address."
    rules = applied.get("counted_rules") or {}
    if rules:
        yield "edge", f"Rules: {', '.join(sorted(rules))}."
    if counted := sorted({one for each in rules.values() for one in each}):
        yield "edge", f"Only counted: {', '.join(counted)}."
    if mode := applied.get("injection_mode"):
        yield "edge", f"Prompt injection: {mode}."
    if rate := applied.get("rate_limit"):
        yield "api", f"{rate:g} requests a second."
    if quota := applied.get("quota_limit"):
        yield "api", f"{quota} requests a {applied.get('quota_period', '').lower()} and client."
    if applied.get("sign_in"):
        scopes = " with " * bool(applied["scopes"]) + ", ".join(applied["scopes"])
        yield "api", f"People sign in: {applied['token_use']} tokens{scopes}."
    yield "api", f"Clients: {', '.join(sorted(applied.keys)) or 'none'}."
    own = {
        one["client"]
        for one in applied.get("client_keys") or ()
        if one["plan_id"] != applied.get("usage_plan_id")
    }
    if own:
        yield "api", f"Clients with limits of their own: {', '.join(sorted(own))}."
    if origin := applied.get("origin"):
        further = (one["further_origin"] for one in applied.get("further_origins") or ())
        yield "api", f"Web pages of {', '.join((origin, *further))} may read answers."
    if chars := applied.get("message_chars"):
        yield "compute", f"Messages of up to {chars:,} characters."
    if mode := applied.get("screening_mode"):
        yield "compute", f"Screening for prompt injection: {mode}."
    if profile := applied.get("profile"):
        yield "compute", f"Model {profile}, in {names('destinations', 'destination')}."
    if version := applied.get("guardrail_version"):
        yield "guardrail", f"Version {version} of {applied.get('guardrail_id')}."
    yield "guardrail", f"Topics denied: {names('denied_topics', 'topic')}."
    yield "guardrail", f"Words blocked: {names('words')}; lists: {names('managed_words')}."
    yield "guardrail", f"Filters on questions: {names('prompt_filters')}."
    yield "guardrail", f"Filters on answers: {names('answer_filters')}."
    yield "guardrail", f"Personal data blocked: {names('blocked_data')}."
    yield "guardrail", f"Personal data masked: {names('masked_data')}."
    if bucket := applied.get("bucket"):
        yield "governance", f"Trail {applied.get('trail')} in {bucket}."
    for log in ("waf", "api", "function", "invocations", "trail"):
        if group := applied.get(f"{log}_log_group"):
            yield "governance", f"Log of {log}: {group}."


def _words(name: str) -> str:
    """Return AWS's names of kinds as words, and any other name as it is."""
    return name.replace("_", " ").lower() if name == name.upper() else name


def clients(deployment: Deployment) -> dict[str, str]:
    """Return the API key of each enabled client."""
    gateway = deployment.aws("apigateway")
    found = {
        client: gateway.get_api_key(apiKey=key_id, includeValue=True)
        for client, key_id in sorted(deployment.outputs["api_key_ids"].items())
    }
    return {client: key["value"] for client, key in found.items() if key["enabled"]}


def samples(deployment: Deployment) -> list[JsonObject]:
    """Return the proofs' messages that fit into a chat, each with the layer that must act."""
    found: dict[str, JsonObject] = {}
    for proof in (one for control in load() for one in control.proofs):
        if not isinstance(proof, Request) or not _is_message(proof):
            continue
        for case in cases(proof, deployment):
            text = case.proof.text if isinstance(case.proof, Request) else None
            if case.skip or case.wrong or not text or len(text) > LONGEST_SAMPLE:
                continue
            name = f"{proof.name}, {case.item}" if case.item else proof.name
            sample = {"layer": proof.stopped_by, "verdict": _verdict(proof)}
            sample |= {"control": proof.control, "name": name, "text": text}
            found.setdefault(text, sample)
    return list(found.values())


def _verdict(proof: Request) -> str:
    """Return what the trace must say of the layer that acts."""
    masked = proof.finding.endswith(".ANONYMIZED")
    return "changed" if masked else "stopped" if proof.stopped_by else "passed"


def _is_message(proof: Request) -> bool:
    """Return whether it is one plain message of a client: a chat can send it as it is."""
    plain = Request(layer=proof.layer, control=proof.control, name=proof.name)
    same = ("via", "method", "path", "key", "content_type", "headers", "encoding", "gzip", "spaces")
    return not proof.not_on_aws and all(
        getattr(proof, name) == getattr(plain, name) for name in same
    )


def counters(deployment: Deployment) -> JsonObject:
    """Return the sums of a day by CloudWatch, by what they count."""
    outputs = deployment.outputs
    web_acl = outputs["web_acl_arn"].split("/")[-2]
    dimensions = {
        "Chatbot": {"service": outputs["function_name"]},
        "AWS/WAFV2": {"WebACL": web_acl, "Region": outputs["region"], "Rule": "ALL"},
    }
    now = datetime.now(UTC)
    cloudwatch = deployment.aws("cloudwatch")
    sums: JsonObject = {}
    for words, namespace, metric in COUNTERS:
        named = dimensions[namespace].items()
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in named],
            StartTime=now - timedelta(hours=24),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        sums[words] = round(sum(point["Sum"] for point in points))
    return sums
