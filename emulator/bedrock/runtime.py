"""Bedrock's runtime: Converse as AWS answers it, the applied guardrail around the model."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from emulator.account import Account
from emulator.bedrock.conversation import (
    blocks,
    characters,
    check_conversation,
    check_inference,
    guarded_texts,
    instructions,
    thinking,
    turns,
    validated,
)
from emulator.bedrock.errors import RuntimeApiError
from emulator.bedrock.filters import Assessment, Source
from emulator.bedrock.guard import Guard, applied_guard, guardrail_arn
from emulator.bedrock.inference_profiles import NamedModel, named_model
from emulator.bedrock.invocation_log import Invocation, InvocationLog
from emulator.bedrock.model import SCRIPT, Reply, answer, count_tokens
from emulator.bedrock.model_server import ModelServer
from emulator.bedrock.permissions import Permissions
from emulator.bedrock.trace import action_of, action_reason, measures
from emulator.cloudtrail.trail import Trail
from emulator.faults import RECITALS, Fault, Faults
from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import HttpResponse, json_response
from toolkit import aws_facts

_PART: Final = "Converse"
_DEFAULT_MAX_TOKENS = 4096
_WINDOW_TOKENS = 200_000
# Inference that the emulator does not answer, and the action that each is.
_OTHER_INFERENCE = {
    "InvokeModel": "bedrock:InvokeModel",
    "InvokeModelWithResponseStream": "bedrock:InvokeModelWithResponseStream",
    "ConverseStream": "bedrock:InvokeModelWithResponseStream",
}


class BedrockRuntime:
    """The `bedrock-runtime` operations Converse and ApplyGuardrail; `model` None is the script."""

    def __init__(
        self,
        account: Account,
        authorizer: Authorizer,
        trail: Trail,
        faults: Faults,
        model: ModelServer | None = None,
    ) -> None:
        self._account = account
        self._authorizer = authorizer
        self._permissions = Permissions(account, authorizer)
        self._invocation_log = InvocationLog(account, authorizer)
        self._trail = trail
        self.model = model
        self._faults = faults

    def check_scope(self, call: Call) -> None:
        """Refuse a signature for another service or Region. Raises AwsError."""
        self._permissions.check_scope(call)

    def answer(self, call: Call) -> HttpResponse:
        """Answer one authenticated call of the runtime. Raises AwsError."""
        match call.operation:
            case "Converse":
                answer = self._converse(call)
            case "ApplyGuardrail":
                answer = self._apply_guardrail(call)
            case operation if operation in _OTHER_INFERENCE:
                self._check_other(call, _OTHER_INFERENCE[operation])
                raise self._absent()
            case _:
                self._authorizer.check(call)
                raise self._absent()
        return json_response(200, answer, (("x-amzn-RequestId", call.request_id),))

    def _converse(self, call: Call) -> JsonObject:
        """Answer Converse: validate, authorize, guard, ask the model, guard, log."""
        started = time.monotonic()
        document = validated(call)
        model_id = document.pop("modelId")
        check_conversation(document)
        if "toolConfig" in document or any(
            not {"text", "guardContent"} & block.keys() for block in blocks(document)
        ):
            self._account.approximations.note(
                _PART, "the model overlooks images, documents and tools"
            )
        model = named_model(model_id, self._account)
        guard_config = document.get("guardrailConfig") or {}
        guard_arn = guardrail_arn(guard_config, self._account)
        self._permissions.require_model(
            call, model, guard_arn, guard_config.get("guardrailVersion", "")
        )
        _check_model(model)
        check_inference(document.get("inferenceConfig") or {}, model.model_id)
        if count_tokens(characters(document)) > _WINDOW_TOKENS:
            raise RuntimeApiError("ValidationException", "Input is too long for requested model.")
        guard = applied_guard(guard_config, guard_arn, self._account)
        invocation = Invocation(model, call.principal, call.request_id, document)
        self._account.approximations.note(_PART, f"the model is {self.model or SCRIPT}")
        try:
            reply = self._guarded_reply(call, document, guard, self._faults.of_model())
        except RuntimeApiError as error:
            self._invocation_log.write(invocation, error=error.code)
            raise
        reply["metrics"] = {"latencyMs": round((time.monotonic() - started) * 1000)}
        self._invocation_log.write(invocation, response=reply)
        return reply

    def _guarded_reply(
        self, call: Call, document: JsonObject, guard: Guard | None, fault: Fault | None
    ) -> JsonObject:
        if fault and fault.error:
            raise RuntimeApiError(fault.error, fault.message)
        trace: JsonObject = {}
        if guard:
            before = [guard.judge(text, "INPUT") for text in guarded_texts(document)]
            trace["inputAssessment"] = {guard.id: self._assessment(call, guard, "INPUT", before)}
            if any(each.blocked for each in before):
                trace["actionReason"] = action_reason(before)
                return _response(
                    guard.policy["blockedInputMessaging"],
                    "guardrail_intervened",
                    usage=(0, 0),
                    trace=trace if guard.trace else None,
                )
        reply = self._ask(document, guard, fault)
        text, stop_reason = reply.text, reply.stop_reason
        if guard:
            after = guard.judge(reply.text, "OUTPUT")
            assessment = self._assessment(call, guard, "OUTPUT", [after])
            # On record: empty where the answer went out as it was.
            trace["modelOutput"] = [reply.text] if after.intervened else []
            trace["outputAssessments"] = {guard.id: [assessment]}
            trace["actionReason"] = action_reason(before, [after])
            if after.intervened:
                stop_reason = "guardrail_intervened"
                text = guard.policy["blockedOutputsMessaging"] if after.blocked else after.text
        return _response(
            text,
            stop_reason,
            usage=(reply.input_tokens, reply.output_tokens),
            trace=trace if guard and guard.trace else None,
            reasoning="" if stop_reason == "guardrail_intervened" else reply.reasoning,
        )

    def _ask(self, document: Document, guard: Guard | None, fault: Fault | None) -> Reply:
        system, size = instructions(document), characters(document)
        if fault and fault.reply:
            recite = RECITALS.get(fault.reply.get("recites", ""))
            text = recite(system) if recite else fault.reply["text"]
            stop_reason = fault.reply.get("stopReason") or "end_turn"
            return Reply(text, stop_reason, count_tokens(size), count_tokens(len(text)))
        spoken = turns(document, guard.masked if guard else str)
        config = document.get("inferenceConfig") or {}
        if self.model:
            return self.model.answer(system, spoken, config)
        return answer(
            next(text for role, text in reversed(spoken) if role == "user"),
            input_characters=size,
            max_tokens=config.get("maxTokens", _DEFAULT_MAX_TOKENS),
            thinking_tokens=thinking(document, fault.thinking_tokens if fault else 0),
        )

    def _assessment(
        self, call: Call, guard: Guard, source: Source, judged: Sequence[Assessment]
    ) -> JsonObject:
        """Return what the trace says of an evaluation, once CloudWatch and CloudTrail have it."""
        assessment = guard.assessment(judged)
        for dimensions, values in measures(guard, source, judged, assessment):
            self._account.metrics.add_all("AWS/Bedrock/Guardrails", dimensions, values)
        self._trail.record_guardrail(
            call,
            guardrail_arn=guard.arn,
            guardrail_version=guard.version,
            source=source,
            action=action_of(judged),
            assessment=assessment,
        )
        return assessment

    def _apply_guardrail(self, call: Call) -> JsonObject:
        """Answer ApplyGuardrail: judge texts without asking a model."""
        document = validated(call)
        arn = guardrail_arn(document, self._account)
        self._permissions.require(call, "bedrock:ApplyGuardrail", str(arn), {})
        guard = applied_guard(document, arn, self._account)
        if guard is None:
            raise RuntimeApiError("ValidationException", "A guardrail and its version are needed.")
        texts = [each["text"]["text"] for each in document["content"] if "text" in each]
        judged = [guard.judge(text, document["source"]) for text in texts]
        outputs = [{"text": each.text} for each in judged]
        if any(each.blocked for each in judged):
            side = "Input" if document["source"] == "INPUT" else "Outputs"
            outputs = [{"text": guard.policy[f"blocked{side}Messaging"]}]
        action = action_of(judged)
        outputs = [] if action == "NONE" else outputs
        described = guard.assessment(judged)
        return {
            "usage": described["invocationMetrics"]["usage"],
            "action": action,
            "actionReason": action_reason(judged),
            "output": outputs,  # on record beside outputs, and not in the API reference
            "outputs": outputs,
            "assessments": [described],
            "guardrailCoverage": described["invocationMetrics"]["guardrailCoverage"],
        }

    # Not implemented. Authorized first, so that a caller without permission gets 403, not 501.

    def _check_other(self, call: Call, action: str) -> None:
        guard_config = call.params
        if call.operation == "ConverseStream":
            guard_config = validated(call).get("guardrailConfig") or {}
        self._permissions.require_model(
            call,
            named_model(call.params["modelId"], self._account),
            guardrail_arn(guard_config, self._account),
            guard_config.get("guardrailVersion") or "",
            action,
        )

    def _absent(self) -> RuntimeApiError:
        self._account.approximations.note(
            _PART, "of the runtime only Converse and ApplyGuardrail answer"
        )
        return RuntimeApiError(
            "UnsupportedOperation", "The emulator answers Converse and ApplyGuardrail only.", 501
        )


def _check_model(named: NamedModel) -> None:
    if named.profile_arn is None:
        raise RuntimeApiError(
            "ValidationException",
            f"Invocation of model ID {named.model_id} with on-demand throughput isn\u2019t"
            " supported. Retry your request with the ID or ARN of an inference profile that"
            " contains this model.",
        )
    # Amazon Bedrock User Guide, "Model lifecycle": on, or soon after, that day.
    model = aws_facts.models().get(named.model_id)
    if model and model.ends and model.ends <= datetime.now(UTC).date():
        raise RuntimeApiError(
            "ResourceNotFoundException",
            "This model version has reached the end of its life. Please refer to the AWS"
            " documentation for more details.",
        )


def _response(
    text: str,
    stop_reason: str,
    *,
    usage: tuple[int, int],
    trace: JsonObject | None,
    reasoning: str = "",
) -> JsonObject:
    content: list[JsonObject] = []
    if reasoning:
        thought = {"text": reasoning, "signature": "c2NyaXB0"}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if text:
        content.append({"text": text})
    response: JsonObject = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": {
            "inputTokens": usage[0],
            "outputTokens": usage[1],
            "totalTokens": sum(usage),
            "serverToolUsage": {},  # on record, and not in botocore 1.44.8
        },
    }
    if trace is not None:
        response["trace"] = {"guardrail": trace}
    return response
