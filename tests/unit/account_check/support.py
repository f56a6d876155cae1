"""An account whose answers are written down beforehand, and a plan to ask it about."""

import io
import json
from dataclasses import replace
from datetime import date
from typing import Any, Self

import boto3
from botocore.stub import Stubber

from toolkit.account_check.asking import Question
from toolkit.planned import Plan, Resource, Settings

ACCOUNT = "210987654321"
REGION = "us-east-2"
MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = f"us.{MODEL}"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE}"
REGIONS = ("us-east-1", "us-east-2", "us-west-2")
ME = f"arn:aws:iam::{ACCOUNT}:user/me"
ENFORCED = "arn:aws:bedrock:us-east-2:444455556666:guardrail/org123def456"
TODAY = date(2026, 11, 27)
ROLE = "arn:aws:iam::210987654321:role/ApiGatewayLoggingRole"
SETTINGS = Settings((ACCOUNT,), "state-of-210987654321", "chatbot/dev.tfstate", REGION)


def made(kind: str, **values: Any) -> Resource:
    return Resource(f"module.chatbot.{kind}.this", kind, values)


def models(regions: tuple[str, ...]) -> list[str]:
    return [f"arn:aws:bedrock:{region}::foundation-model/{MODEL}" for region in regions]


POLICY = {
    "Statement": [
        {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": PROFILE_ARN},
        {
            "Effect": "Allow",
            "Action": "bedrock:InvokeModel",
            "Resource": models(REGIONS),
            "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": PROFILE_ARN}},
        },
        {"Effect": "Allow", "Action": ["bedrock:ApplyGuardrail"], "Resource": ENFORCED},
    ]
}
ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"
PLAN = Plan(
    REGION,
    (
        made("aws_api_gateway_account"),
        made("aws_api_gateway_api_key", name="chatbot-dev-web", enabled=True),
        made("aws_api_gateway_api_key", name="chatbot-dev-old", enabled=False),
        made(
            "aws_api_gateway_gateway_response",
            response_parameters={ORIGIN: "'https://chat.example.org'"},
        ),
        made(
            "aws_api_gateway_usage_plan",
            name="chatbot-basic-plan",
            quota_settings=[{"limit": 500, "period": "MONTH"}],
            throttle_settings=[{"rate_limit": 10, "burst_limit": 5}],
        ),
        made("aws_bedrock_guardrail", name="chatbot-dev"),
        made("aws_budgets_budget", name="chatbot-dev"),
        made("aws_bedrock_model_invocation_logging_configuration"),
        made("aws_cloudtrail", name="chatbot-dev"),
        made("aws_cloudwatch_log_group", name="/aws/bedrock/model-invocations"),
        made("aws_iam_policy", name="chatbot-dev-deny-tampering"),
        made("aws_iam_policy", name="chatbot-dev-boundary"),
        made("aws_iam_role", name="ApiGatewayLoggingRole"),
        made("aws_iam_role_policy", name="guardrail"),
        made("aws_iam_role_policy", name="invoke", policy=json.dumps(POLICY)),
        made("aws_kms_alias", name="alias/chatbot-dev"),
        made(
            "aws_lambda_function",
            function_name="chatbot-dev",
            reserved_concurrent_executions=10,
            runtime="python3.12",
        ),
        made("aws_s3_bucket", bucket="chatbot-dev-trail-210987654321"),
        made("aws_wafv2_regex_pattern_set", name="chatbot-dev-prompt-injection"),
        made("aws_wafv2_web_acl", name="chatbot-dev"),
    ),
    {
        "web_acl_wcu": 1474,
        "limits": {"message_chars": 2000, "output_tokens": 500, "system_prompt_chars": 9},
    },
)


def without(*kinds: str) -> Plan:
    return replace(PLAN, resources=tuple(one for one in PLAN.resources if one.type not in kinds))


class Account:
    """boto3 clients whose answers are written down beforehand, checked against AWS's own models."""

    def __init__(self) -> None:
        self._stubs: dict[tuple[str, str], Stubber] = {}

    def client(self, service: str, region: str) -> Any:
        return self._stub(service, region).client

    def _stub(self, service: str, region: str) -> Stubber:
        if (service, region) not in self._stubs:
            client = boto3.client(
                service, region_name=region, aws_access_key_id="a", aws_secret_access_key="b"
            )
            self._stubs[service, region] = Stubber(client)
            self._stubs[service, region].activate()
        return self._stubs[service, region]

    def says(
        self, service: str, operation: str, answer: dict[str, Any], region: str = REGION
    ) -> Self:
        self._stub(service, region).add_response(operation, answer)
        return self

    def refuses(
        self, service: str, operation: str, code: str, message: str = "", region: str = REGION
    ) -> Self:
        self._stub(service, region).add_client_error(operation, code, message)
        return self

    def was_asked_everything(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


def about(aws: Account, plan: Plan = PLAN, settings: Settings = SETTINGS) -> Question:
    return Question("dev", settings, aws, plan, TODAY)  # type: ignore[arg-type]  # clients all the same


def applied(aws: Account, *, is_applied: bool) -> Account:
    state = b'{"resources": [{}]}' if is_applied else b'{"resources": []}'
    return aws.says("s3", "get_object", {"Body": io.BytesIO(state)})
