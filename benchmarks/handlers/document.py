"""The recipe's handler, written anew: boto3, one call, no checks."""

import json
import os

import boto3

bedrock = boto3.client("bedrock-runtime", region_name=os.environ["AWS_REGION"])


def lambda_handler(event, context):
    body = json.loads(event["body"]) if "body" in event else event
    reply = bedrock.converse(
        modelId=os.environ["MODEL_ID"],
        messages=[{"role": "user", "content": [{"text": body["message"]}]}],
        system=[{"text": os.environ["SYSTEM_PROMPT"]}],
        guardrailConfig={
            "guardrailIdentifier": os.environ["GUARDRAIL_ID"],
            "guardrailVersion": os.environ["GUARDRAIL_VERSION"],
            "trace": "enabled",
        },
    )
    text = reply["output"]["message"]["content"][0]["text"]
    if reply["stopReason"] == "guardrail_intervened":
        text = "[Request blocked by safety controls]"
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"response": text}),
    }
