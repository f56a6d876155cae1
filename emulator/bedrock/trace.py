"""A guardrail's evaluation as AWS reports it: in a trace, in an answer, in CloudWatch."""

from collections.abc import Iterator, Sequence

from emulator.account import Value
from emulator.bedrock.filters import Assessment, Source
from emulator.bedrock.guard import Guard
from emulator.wire.documents import Document


def measures(
    guard: Guard, source: Source, judged: Sequence[Assessment], assessment: Document
) -> Iterator[tuple[dict[str, str], list[Value]]]:
    """Yield what CloudWatch counts of one evaluation: dimensions, and the values in these.

    Amazon Bedrock User Guide, "Monitor Amazon Bedrock Guardrails using CloudWatch metrics".
    """
    metrics = assessment["invocationMetrics"]
    units = {name: count for name, count in metrics["usage"].items() if name.endswith("Units")}
    whole = {
        "Invocations": 1.0,
        "InvocationLatency": float(metrics["guardrailProcessingLatency"]),
        "InvocationsIntervened": float(any(each.intervened for each in judged)),
        "TextUnitCount": float(sum(units.values())),
    }
    for dimensions in (
        {"GuardrailArn": guard.arn, "GuardrailVersion": guard.version},
        {"GuardrailContentSource": source.title()},
        {"Operation": "ApplyGuardrail"},
    ):
        yield dimensions, [(name, value, "Count") for name, value in whole.items()]
    for policy in ("contentPolicy", "topicPolicy", "wordPolicy", "sensitiveInformationPolicy"):
        if guard.policy.get(policy):
            dimensions = {"GuardrailPolicyType": policy[:1].upper() + policy[1:]}
            yield (
                dimensions,
                [
                    ("TextUnitCount", float(units.get(f"{policy}Units", 0)), "Count"),
                    ("InvocationsIntervened", float(policy in assessment), "Count"),
                ],
            )


def action_of(judged: Sequence[Assessment]) -> str:
    """Return what a guardrail did, as ApplyGuardrail and CloudTrail name it."""
    return "GUARDRAIL_INTERVENED" if any(each.intervened for each in judged) else "NONE"


def action_reason(*sides: Sequence[Assessment]) -> str:
    """Return why a guardrail acted, a line for the question and one for the answer.

    On record: "No action." where neither was touched, and "No action.\\nGuardrail masked." where
    the answer was (traceloop/openllmetry, test_guardrail_converse.yaml; pydantic/pydantic-ai).
    """
    return "\n".join(dict.fromkeys(map(_reason, sides)))


def _reason(judged: Sequence[Assessment]) -> str:
    if any(each.blocked for each in judged):
        return "Guardrail blocked."
    return "Guardrail masked." if any(each.masked for each in judged) else "No action."
