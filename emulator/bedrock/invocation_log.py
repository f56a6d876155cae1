"""The invocation log: a record of each Converse call, written with the logging role's rights.

Source: Amazon Bedrock User Guide, "Monitor model invocation using CloudWatch Logs".
"""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.account import Account
from emulator.bedrock.inference_profiles import NamedModel
from emulator.iam import LOG_WRITES, Authorizer
from emulator.wire.call import Principal
from emulator.wire.documents import JsonObject

_log = logging.getLogger("emulator")

_SERVICE = "bedrock.amazonaws.com"
_LOG_STREAM = "aws/bedrock/modelinvocations"
_INLINE_LOG_BYTES = 100_000


def log_delivery_problem(
    account: Account, authorizer: Authorizer, group: str, role_arn: str
) -> str | None:
    """Return why Bedrock cannot write invocations to a log group as a role; None when it can."""
    origin = {"aws:SourceAccount": account.id, "aws:SourceArn": account.arn("bedrock", "*")}
    stream = account.arn("logs", f"log-group:{group}:log-stream:{_LOG_STREAM}")
    return authorizer.problem_of_service(_SERVICE, role_arn, LOG_WRITES, stream, origin)


@dataclass(frozen=True)
class Invocation:
    """What an invocation log record says of the request (schema version 1.0)."""

    model: NamedModel
    principal: Principal
    request_id: str
    document: JsonObject

    def written(
        self, account_id: str, region: str, response: JsonObject | None, error: str | None
    ) -> str:
        """Return the record as the line that goes to the log group."""
        usage = (response or {}).get("usage", {})
        request = {key: value for key, value in self.document.items() if key != "requestMetadata"}
        entry: JsonObject = {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "accountId": account_id,
            "identity": {"arn": self.principal.arn},
            "region": region,
            "requestId": self.request_id,
            "operation": "Converse",
            "modelId": self.model.profile_arn,
            "input": {"inputContentType": "application/json"}
            | _inline("inputBodyJson", request)
            | {
                "inputTokenCount": usage.get("inputTokens", 0),
                "cacheReadInputTokenCount": 0,
                "cacheWriteInputTokenCount": 0,
            },
        }
        if response is not None:
            entry["output"] = (
                {"outputContentType": "application/json"}
                | _inline("outputBodyJson", response)
                | {"outputTokenCount": usage.get("outputTokens", 0)}
            )
            entry["inferenceRegion"] = region
        if error is not None:
            entry["errorCode"] = error
        if self.document.get("requestMetadata"):
            entry["requestMetadata"] = self.document["requestMetadata"]
        return json.dumps(entry | {"schemaType": "ModelInvocationLog", "schemaVersion": "1.0"})


def _inline(name: str, body: JsonObject) -> JsonObject:
    # AWS keeps larger bodies out of CloudWatch Logs, and puts them into a bucket if given one.
    return {name: body} if len(json.dumps(body)) <= _INLINE_LOG_BYTES else {}


class InvocationLog:
    """Writes invocations where the applied configuration says, as its role may."""

    def __init__(self, account: Account, authorizer: Authorizer) -> None:
        self._account = account
        self._authorizer = authorizer

    def write(
        self,
        invocation: Invocation,
        *,
        response: JsonObject | None = None,
        error: str | None = None,
    ) -> None:
        """Log one invocation: its answer, or the error's name."""
        group = self._account.snapshot("bedrock:invocation-log", self._group)
        if group is not None:
            account_id, region = self._account.id, self._account.region
            line = invocation.written(account_id, region, response, error)
            self._account.logs.put(group, _LOG_STREAM, line)

    def _group(self) -> str | None:
        """Return where invocations are logged; None when nowhere, or when the role may not."""
        bedrock = self._account.client("bedrock")
        config = bedrock.get_model_invocation_logging_configuration().get("loggingConfig") or {}
        logs = config.get("cloudWatchConfig")
        if not logs or not config.get("textDataDeliveryEnabled", True):
            return None
        group, role = logs["logGroupName"], logs["roleArn"]
        if problem := log_delivery_problem(self._account, self._authorizer, group, role):
            _log.warning("invocations are not logged to %s: %s", group, problem)
            return None
        return str(group)
