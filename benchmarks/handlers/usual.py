"""What most functions of this kind carry: boto3, Powertools for log and metrics, pydantic."""

import json
import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

logger = Logger(service="usual")
metrics = Metrics(namespace="Chatbot", service="usual")
bedrock = boto3.client("bedrock-runtime", region_name=os.environ["AWS_REGION"])


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1, max_length=2000)


class Answer(BaseModel):
    response: str
    blocked: bool
    stop_reason: str


def answer(status: int, body: str) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": body}


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        question = Question.model_validate_json(event["body"])
    except ValidationError:
        metrics.add_metric("Refused", MetricUnit.Count, 1)
        return answer(400, json.dumps({"error": "invalid_request"}))
    reply = bedrock.converse(
        modelId=os.environ["MODEL_ID"],
        messages=[{"role": "user", "content": [{"text": question.message}]}],
        system=[{"text": os.environ["SYSTEM_PROMPT"]}],
        inferenceConfig={"maxTokens": int(os.environ["MAX_OUTPUT_TOKENS"])},
        guardrailConfig={
            "guardrailIdentifier": os.environ["GUARDRAIL_ID"],
            "guardrailVersion": os.environ["GUARDRAIL_VERSION"],
            "trace": "enabled",
        },
    )
    said = Answer(
        response=reply["output"]["message"]["content"][0]["text"],
        blocked=reply["stopReason"] == "guardrail_intervened",
        stop_reason=reply["stopReason"],
    )
    metrics.add_metric("Answered", MetricUnit.Count, 1)
    metrics.add_metric("OutputTokens", MetricUnit.Count, reply["usage"]["outputTokens"])
    logger.info("chat", extra={"stop_reason": said.stop_reason, "blocked": said.blocked})
    return answer(200, said.model_dump_json())
