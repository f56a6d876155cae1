"""Rules, managed rule groups and web ACLs: compiled once from what was applied, then evaluated.

Source: AWS WAF Developer Guide, "Setting rule priority", "Rule actions", "Overriding rule group
actions" and "Web request labeling".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from emulator.waf.detectors import MISSING as MISSING_DETECTOR
from emulator.waf.detectors import available
from emulator.waf.fields import Inspection, UnsupportedError
from emulator.waf.managed import GROUPS, ManagedGroup
from emulator.waf.rates import RateCounters
from emulator.waf.statements import Compiler, Statement
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import HttpResponse

_KB = 1024
_CONTENT_TYPES = {
    "TEXT_PLAIN": "text/plain",
    "TEXT_HTML": "text/html",
    "APPLICATION_JSON": "application/json",
}

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Action:
    """What a matching rule does: ALLOW and BLOCK end the evaluation, COUNT goes on."""

    kind: str
    response: HttpResponse | None = None
    insert_headers: Headers = ()


@dataclass(frozen=True)
class Rule:
    """One rule with a statement of its own. `configured` is the action before an override."""

    name: str
    metric: str | None
    kind: str
    statement: Statement
    action: Action
    labels: tuple[str, ...] = ()
    configured: str | None = None


@dataclass(frozen=True)
class GroupRule:
    """A rule that runs a group of rules; with `counted` the group decides nothing."""

    name: str
    metric: str | None
    kind: str
    group_id: str
    rules: tuple[Rule, ...]
    counted: bool


@dataclass(frozen=True)
class WebAcl:
    """A compiled web ACL."""

    name: str
    arn: str
    metric: str | None
    rules: tuple[Rule | GroupRule, ...]
    default: Action
    body_limit: int


@dataclass
class Outcome:
    """What the rules decided, with all that a log record says about it."""

    action: Action
    rule: str = "Default_Action"
    kind: str = "REGULAR"
    details: list[JsonObject] = field(default_factory=list)
    groups: list[JsonObject] = field(default_factory=list)
    counted: list[JsonObject] = field(default_factory=list)
    inserted: dict[str, tuple[str, str]] = field(default_factory=dict)
    metrics: list[tuple[str | None, str]] = field(default_factory=list)
    """(the rule's metric name, the metric) of each thing that happened; None is no name."""

    def insert(self, headers: Headers) -> None:
        """Add request headers; of two with one name the later wins."""
        for name, value in headers:
            self.inserted[name.lower()] = (name, value)

    def count_metric(self, metric: str | None, name: str) -> None:
        """Note that something happened in a rule."""
        self.metrics.append((metric, name))


def evaluate(acl: WebAcl, inspection: Inspection) -> Outcome:
    """Run the rules in priority order until one ends the evaluation."""
    outcome = Outcome(acl.default)
    for rule in acl.rules:
        if isinstance(rule, GroupRule):
            ended = _run_group(rule, inspection, outcome)
        else:
            ended = _run_rule(rule, inspection, outcome)
        if ended:
            return outcome
    outcome.insert(acl.default.insert_headers)
    terminal = "AllowedRequests" if acl.default.kind == "ALLOW" else "BlockedRequests"
    outcome.count_metric("Default_Action", terminal)
    return outcome


def _check(rule: Rule, inspection: Inspection) -> list[JsonObject] | None:
    """Return the match details of a rule that matches, and label the request; None if it does not.

    Labels are added when the rule's evaluation is over, so a rule never sees its own.
    """
    inspection.details.clear()
    if not rule.statement.matches(inspection):
        return None
    inspection.labels.update(dict.fromkeys(rule.labels))
    return list(inspection.details)


def _entry(rule: Rule, details: list[JsonObject] | None) -> JsonObject:
    entry = {"ruleId": rule.name, "action": rule.action.kind, "ruleMatchDetails": details}
    return entry | ({"overriddenAction": rule.configured} if rule.configured else {})


def _run_rule(rule: Rule, inspection: Inspection, outcome: Outcome) -> bool:
    details = _check(rule, inspection)
    if details is None:
        return False
    outcome.insert(rule.action.insert_headers)
    if rule.action.kind == "COUNT":
        outcome.counted.append(_entry(rule, details))
        outcome.count_metric(rule.metric, "CountedRequests")
        return False
    _end(outcome, rule.name, rule.kind, rule.action, details)
    outcome.count_metric(rule.metric, _METRICS[rule.action.kind])
    return True


_METRICS = {"ALLOW": "AllowedRequests", "BLOCK": "BlockedRequests"}


def _end(outcome: Outcome, rule: str, kind: str, action: Action, details: list[JsonObject]) -> None:
    outcome.action, outcome.rule, outcome.kind, outcome.details = action, rule, kind, details


def _run_group(group: GroupRule, inspection: Inspection, outcome: Outcome) -> bool:
    record: JsonObject = {
        "ruleGroupId": group.group_id,
        "terminatingRule": None,
        "nonTerminatingMatchingRules": [],
        "excludedRules": None,
        "customerConfig": None,
    }
    outcome.groups.append(record)
    for rule in group.rules:
        details = _check(rule, inspection)
        if details is None:
            continue
        outcome.insert(rule.action.insert_headers)
        if rule.action.kind == "COUNT":
            record["nonTerminatingMatchingRules"].append(_entry(rule, details))
        else:
            record["terminatingRule"] = _entry(rule, None)
            if group.counted:
                counted = {"ruleId": group.name, "action": "COUNT", "ruleMatchDetails": details}
                outcome.counted.append(counted)
                outcome.count_metric(group.metric, "CountedRequests")
                return False
            _end(outcome, group.name, group.kind, rule.action, details)
            outcome.count_metric(group.metric, _METRICS[rule.action.kind])
            return True
    return False


@dataclass(frozen=True)
class References:
    """What a web ACL refers to, looked up by ARN in the applied configuration."""

    patterns_of: Callable[[str], Sequence[str]]
    addresses_of: Callable[[str], Sequence[str]]
    group_of: Callable[[str], Document]
    rates: RateCounters
    approximation: Callable[[str], None]


def compile_web_acl(shape: Document, references: References) -> WebAcl:
    """Compile a web ACL in boto3's shape (get_web_acl, get_web_acl_for_resource).

    A rule that this emulator cannot evaluate is left out, and said so as an approximation.
    """
    bodies = shape.get("CustomResponseBodies") or {}
    namespace = shape["LabelNamespace"]
    rules = _compile_rules(shape.get("Rules") or (), namespace, shape["ARN"], bodies, references)
    request_body = (shape.get("AssociationConfig") or {}).get("RequestBody") or {}
    limit = (request_body.get("API_GATEWAY") or {}).get("DefaultSizeInspectionLimit", "KB_16")
    return WebAcl(
        name=shape["Name"],
        arn=shape["ARN"],
        metric=_metric(shape),
        rules=rules,
        default=_action(shape["DefaultAction"], bodies, references),
        body_limit=int(limit.removeprefix("KB_")) * _KB,
    )


def _metric(shape: Document) -> str | None:
    config = shape.get("VisibilityConfig") or {}
    return config.get("MetricName") if config.get("CloudWatchMetricsEnabled", True) else None


def _compile_rules(
    shapes: Sequence[Document],
    namespace: str,
    owner: str,
    bodies: Document,
    references: References,
) -> tuple[Rule | GroupRule, ...]:
    rules: list[Rule | GroupRule] = []
    for shape in sorted(shapes, key=lambda one: int(one["Priority"])):
        try:
            rules.append(_compile_rule(shape, namespace, owner, bodies, references))
        except (LookupError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, ValueError) else repr(error)
            references.approximation(f"rule {shape.get('Name')} is left out: {reason}")
    return tuple(rules)


def _compile_rule(
    shape: Document,
    namespace: str,
    owner: str,
    bodies: Document,
    references: References,
) -> Rule | GroupRule:
    name = shape["Name"]
    statement = shape["Statement"]
    (kind,) = statement
    compiler = Compiler(
        owner=owner,
        rule=name,
        rates=references.rates,
        patterns_of=references.patterns_of,
        addresses_of=references.addresses_of,
    )
    if kind == "ManagedRuleGroupStatement":
        return _compile_managed(shape, statement[kind], bodies, references)
    if kind == "RuleGroupReferenceStatement":
        return _compile_group(shape, statement[kind], bodies, references)
    return Rule(
        name=name,
        metric=_metric(shape),
        kind="RATE_BASED" if kind == "RateBasedStatement" else "REGULAR",
        statement=compiler.compile(statement),
        action=_action(shape["Action"], bodies, references),
        labels=tuple(namespace + label["Name"] for label in shape.get("RuleLabels") or ()),
    )


def _compile_managed(
    shape: Document, options: Document, bodies: Document, references: References
) -> GroupRule:
    for absent in ("ExcludedRules", "ScopeDownStatement"):
        if options.get(absent):
            raise UnsupportedError(f"{absent} of a managed rule group is not evaluated")
    group_id = f"{options['VendorName']}#{options['Name']}"
    if options.get("Version"):
        group_id += f"#{options['Version']}"
    rules = _managed_rules(options, references)
    return _group(shape, options, bodies, references, ("MANAGED_RULE_GROUP", group_id, rules))


def _compile_group(
    shape: Document, options: Document, bodies: Document, references: References
) -> GroupRule:
    """Compile a rule group of the account's own. Its rules answer with its own bodies."""
    if options.get("ExcludedRules"):
        raise UnsupportedError("ExcludedRules of a rule group are not evaluated")
    arn = options["ARN"]
    group = references.group_of(arn)
    compiled = _compile_rules(
        group.get("Rules") or (),
        group["LabelNamespace"],
        arn,
        group.get("CustomResponseBodies") or {},
        references,
    )
    rules = tuple(replace(rule, metric=None) for rule in compiled if isinstance(rule, Rule))
    return _group(shape, options, bodies, references, ("GROUP", arn, rules))


def _group(
    shape: Document,
    options: Document,
    bodies: Document,
    references: References,
    group: tuple[str, str, tuple[Rule, ...]],
) -> GroupRule:
    kind, group_id, rules = group
    overrides = {
        one["Name"]: _action(one["ActionToUse"], bodies, references)
        for one in options.get("RuleActionOverrides") or ()
    }
    return GroupRule(
        name=shape["Name"],
        metric=_metric(shape),
        kind=kind,
        group_id=group_id,
        rules=tuple(
            replace(rule, action=overrides[rule.name], configured=rule.action.kind)
            if rule.name in overrides
            else rule
            for rule in rules
        ),
        counted="Count" in (shape.get("OverrideAction") or {}),
    )


def _managed_rules(options: Document, references: References) -> tuple[Rule, ...]:
    name = options["Name"]
    group: ManagedGroup | None = GROUPS.get(name) if options["VendorName"] == "AWS" else None
    if group is None:
        references.approximation(f"managed rule group {name} is not evaluated: it matches nothing")
        return ()
    references.approximation(f"managed rule group {name}: {group.note}")
    if not available():
        references.approximation(f"managed rule group {name}: {MISSING_DETECTOR}")
    return tuple(
        Rule(
            name=rule.name,
            metric=None,
            kind="REGULAR",
            statement=rule.statement,
            action=Action(rule.action),
            labels=(f"awswaf:managed:aws:{group.namespace}:{rule.label}",),
        )
        for rule in group.rules
    )


def _action(shape: Document, bodies: Document, references: References) -> Action:
    """Compile a rule's action or a web ACL's default action."""
    ((kind, options),) = shape.items()
    options = options or {}
    if kind == "Block":
        return Action("BLOCK", _custom_response(options.get("CustomResponse"), bodies))
    handling = options.get("CustomRequestHandling") or {}
    headers = tuple(
        (f"x-amzn-waf-{one['Name']}", one["Value"]) for one in handling.get("InsertHeaders") or ()
    )
    if kind in {"Allow", "Count"}:
        return Action(kind.upper(), insert_headers=headers)
    references.approximation(f"the action {kind} blocks: no puzzle or challenge is served")
    return Action("BLOCK")


def _custom_response(shape: Document | None, bodies: Document) -> HttpResponse | None:
    if not shape:
        return None
    headers = tuple((one["Name"], one["Value"]) for one in shape.get("ResponseHeaders") or ())
    body = bodies.get(shape.get("CustomResponseBodyKey", ""))
    if body is None:
        return HttpResponse(int(shape["ResponseCode"]), headers, b"")
    content_type = ("Content-Type", _CONTENT_TYPES[body["ContentType"]])
    content = body["Content"].encode()
    return HttpResponse(int(shape["ResponseCode"]), (content_type, *headers), content)
