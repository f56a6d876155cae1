"""AWS WAF in front of a stage: the applied web ACL decides each request before the API sees it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from emulator.account import Account
from emulator.waf.fields import Inspection
from emulator.waf.logging import LogConfig, build_record, is_kept, log_config
from emulator.waf.lookups import found, referenced
from emulator.waf.rates import RateCounters
from emulator.waf.rules import References, WebAcl, compile_web_acl, evaluate
from emulator.wire.documents import JsonObject
from emulator.wire.http import HttpRequest, HttpResponse

_STAGE_ARN = re.compile(r"arn:[^:]+:apigateway:([^:]+)::/restapis/([^/]+)/stages/([^/]+)")
_GATEWAY_HEADERS = {
    *("host", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"),
}


@dataclass(frozen=True)
class Verdict:
    """What a web ACL decided about a request.

    `response` is the rule's custom response; a block without one leaves the answer to the API's
    WAF_FILTERED gateway response. `log_record` is masked as the applied configuration asks.
    """

    action: Literal["ALLOW", "BLOCK"]
    response: HttpResponse | None
    terminating_rule: str
    labels: tuple[str, ...]
    insert_headers: tuple[tuple[str, str], ...]
    log_record: JsonObject


@dataclass(frozen=True)
class _Compiled:
    acl: WebAcl
    log: LogConfig


class Waf:
    """Inspects requests as the web ACL of their stage says.

    `rates` holds the counters of the rate-based rules; tests give them a clock of their own.
    """

    def __init__(self, account: Account, *, rates: RateCounters | None = None) -> None:
        self._account = account
        self._rates = rates or RateCounters()

    def inspect(
        self, resource_arn: str, request: HttpRequest, *, request_id: str
    ) -> Verdict | None:
        """Decide a request to a stage; None means that no web ACL guards it.

        The request is seen as API Gateway presents it to WAF: with the API's host name, the
        X-Forwarded headers and the trace's before others.
        """
        compiled = self._account.snapshot(
            f"waf:{resource_arn}", lambda: self._compile(resource_arn)
        )
        if compiled is None:
            return None
        acl = compiled.acl
        inspection = Inspection(_as_gateway(request, resource_arn), acl.body_limit)
        outcome = evaluate(acl, inspection)
        self._count(acl, outcome.metrics)
        record = build_record(
            acl,
            inspection,
            outcome,
            source_id=self._source_id(resource_arn),
            request_id=request_id,
            protections=compiled.log.protections,
        )
        if compiled.log.group and is_kept(compiled.log.filter, record):
            stream = f"{self._account.region}_{acl.name}_0"
            message = json.dumps(record, separators=(",", ":"))
            self._account.logs.put(compiled.log.group, stream, message)
        blocked = outcome.action.kind == "BLOCK"
        return Verdict(
            action="BLOCK" if blocked else "ALLOW",
            response=outcome.action.response,
            terminating_rule=outcome.rule,
            labels=tuple(inspection.labels),
            insert_headers=() if blocked else tuple(outcome.inserted.values()),
            log_record=record,
        )

    def _count(self, acl: WebAcl, metrics: Sequence[tuple[str | None, str]]) -> None:
        if acl.metric is None:
            return
        # A request counts once for ALL, however many rules counted it.
        for rule, name in {*metrics, *(("ALL", name) for _, name in metrics)}:
            if rule is not None:
                dimensions = {"Region": self._account.region, "Rule": rule, "WebACL": acl.metric}
                self._account.metrics.add("AWS/WAFV2", name, dimensions)

    def _source_id(self, resource_arn: str) -> str:
        stage = _STAGE_ARN.fullmatch(resource_arn)
        return f"{self._account.id}:{stage[2]}:{stage[3]}" if stage else resource_arn

    def _compile(self, resource_arn: str) -> _Compiled | None:
        """Read the web ACL of a resource, and all that it refers to, from the control plane."""
        client = self._account.client("wafv2")
        shape = found(client.get_web_acl_for_resource, "WebACL", ResourceArn=resource_arn)
        if not shape:
            return None
        logging = found(
            client.get_logging_configuration, "LoggingConfiguration", ResourceArn=shape["ARN"]
        )
        references = References(
            patterns_of=lambda arn: [
                one["RegexString"]
                for one in self._referenced("regexpatternset", arn)["RegularExpressionList"]
            ],
            addresses_of=lambda arn: self._referenced("ipset", arn)["Addresses"],
            group_of=lambda arn: self._referenced("rulegroup", arn),
            rates=self._rates,
            approximation=lambda text: self._account.approximations.note("WAF", text),
        )
        log = log_config(logging, shape, self._account.id)
        if logging and log.group is None:
            references.approximation("log records go to CloudWatch Logs only: none are written")
        return _Compiled(compile_web_acl(shape, references), log)

    def _referenced(self, kind: str, arn: str) -> JsonObject:
        thing = referenced(self._account.client("wafv2"), kind, arn)
        if thing is None:
            raise ValueError(f"{arn} does not exist")
        return thing


def _as_gateway(request: HttpRequest, resource_arn: str) -> HttpRequest:
    """Return the request as API Gateway hands it to WAF.

    A rehearsal is called at 127.0.0.1, where AWS's clients use the API's host name: the managed
    rule Host_localhost_HEADER would block every one of its requests.
    """
    stage = _STAGE_ARN.fullmatch(resource_arn)
    host = request.header("host") or ""
    if stage:
        host = f"{stage[2]}.execute-api.{stage[1]}.amazonaws.com"
    forwarded = ", ".join(
        [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
        + [request.source_ip]
    )
    traces = [value for name, value in request.headers if name.lower() == "x-amzn-trace-id"]
    kept = tuple(
        (name, value) for name, value in request.headers if name.lower() not in _GATEWAY_HEADERS
    )
    own = (
        ("X-Forwarded-For", forwarded),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("Host", host),
        *(("X-Amzn-Trace-Id", trace) for trace in traces[-1:]),
    )
    return replace(request, headers=own + kept)
