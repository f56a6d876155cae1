"""AWS's read operations as a sound deployment answers them, for the engine of the proofs."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from toolkit.proofs.client import Answer
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Request

ORIGIN = "https://app.example"
SAFETY = "Nicht hier."
NAME = "chatbot-a"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
OUTPUTS: dict[str, Any] = {
    "alarm_name_prefix": f"{NAME}-",
    "alerts_topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
    "alias_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}:live",
    "api_id": "i",
    "api_key_ids": {"web": "key-1"},
    "clients": {"web": {"api_key_ids": ["key-1"], "usage_plan_id": "p"}},
    "deny_policy_arn": f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-{REGION}-deny-tampering",
    "execution_role_arn": f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{REGION}-execution",
    "function_name": NAME,
    "guardrail_id": "g",
    "guardrail_version": "1",
    "managed_rule_groups": {"core-rule-set": "block"},
    "log_groups": {log: log for log in ("waf", "api", "function", "invocations", "trail")},
    "region": REGION,
    "stage_name": "v1",
    "trail_arn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{NAME}-{REGION}",
    "trail_bucket": f"{NAME}-{REGION}-trail-{ACCOUNT}",
    "url": "http://127.0.0.1/chat",
    "usage_plan_id": "p",
    "watched_trail_log_group_name": "trail",
    "web_acl_arn": "arn:aws:wafv2:a",
}
PATTERN_SET = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/regexpatternset/{NAME}/1"
IN_SET = {
    "IPSetReferenceStatement": {
        "ARN": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/ipset/{NAME}-allowed-ipv4/1"
    }
}
INJECTION = {
    "RegexPatternSetReferenceStatement": {
        "ARN": PATTERN_SET,
        "TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}],
    }
}
SOUND: dict[str, Any] = {
    "apigateway.get_account": {"cloudwatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/api-logs"},
    "apigateway.get_api_key": {"id": "key-1", "value": "the-key-of-a-client", "enabled": True},
    "apigateway.get_usage_plan": {
        "throttle": {"rateLimit": 4.0, "burstLimit": 2},
        "quota": {"limit": 90, "period": "DAY"},
    },
    "bedrock.get_guardrail": {
        "contentPolicy": {
            "filters": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "NONE"}]
        },
        "sensitiveInformationPolicy": {
            "piiEntities": [
                {"type": "PASSWORD", "action": "BLOCK"},
                {"type": "EMAIL", "action": "ANONYMIZE"},
            ]
        },
        "topicPolicy": {
            "topics": [
                {
                    "name": "Wetten",
                    "definition": "Fragen nach Quoten und Wetten.",
                    "examples": ["Was zahlt Lotto?", "Wie stehen die Quoten?"],
                }
            ]
        },
        "wordPolicy": {"words": [{"text": "Lotto"}], "managedWordLists": [{"type": "PROFANITY"}]},
    },
    "bedrock.get_inference_profile": {
        "inferenceProfileArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/eu.m-v1:0",
        "models": [{"modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/m-v1:0"}],
    },
    "bedrock.get_model_invocation_logging_configuration": {
        "loggingConfig": {"cloudWatchConfig": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/logging"}}
    },
    "kms.describe_key": {"KeyMetadata": {"Arn": "arn:aws:kms:a"}},
    "lambda.get_function_concurrency": {"ReservedConcurrentExecutions": 3},
    "lambda.get_function_configuration": {
        "Environment": {
            "Variables": {
                "ALLOWED_ORIGIN": ORIGIN,
                "FURTHER_ORIGINS": "https://shop.example",
                "BLOCKED_MESSAGE": SAFETY,
                "MAX_MESSAGE_CHARS": "3000",
                "MODEL_ID": "eu.m-v1:0",
                "LEAK_MODE": "block",
                "SCREENING_MODE": "block",
            }
        },
        "LoggingConfig": {"ApplicationLogLevel": "INFO"},
        "Version": "7",
    },
    "wafv2.get_regex_pattern_set": {
        "RegexPatternSet": {"RegularExpressionList": [{"RegexString": "ignore all"}]}
    },
    "wafv2.get_ip_set": {"IPSet": {"Addresses": ["192.0.2.0/24", "127.0.0.7/32"]}},
    "wafv2.get_web_acl_for_resource": {
        "WebACL": {
            "ARN": "arn:aws:wafv2:a",
            "Rules": [
                {"Name": "body-size", "Statement": {"SizeConstraintStatement": {"Size": 20000}}},
                {"Name": "allowed-addresses", "Statement": IN_SET},
                {
                    "Name": "rate-per-ip",
                    "Statement": {
                        "RateBasedStatement": {
                            "Limit": 30,
                            "ScopeDownStatement": {"NotStatement": {"Statement": IN_SET}},
                        }
                    },
                },
                {
                    "Name": "core-rule-set",
                    "Statement": {
                        "ManagedRuleGroupStatement": {
                            "RuleActionOverrides": [
                                {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
                            ]
                        }
                    },
                },
                {
                    "Name": "prompt-injection",
                    "Action": {"Block": {}},
                    "Statement": {"AndStatement": {"Statements": [INJECTION]}},
                },
            ],
        }
    },
}


def edge_request(**what: Any) -> Request:
    about = {"layer": "edge", "control": "c", "name": "n", "message": "Where is my order?"}
    return Request(**(about | what))


class FakeAws:
    """AWS, with an answer for each operation; an exception is raised, what is absent is {}."""

    def __init__(self, answers: Mapping[str, Any], lines: dict[str, list[str]]) -> None:
        self.answers = answers
        self.lines = lines

    def client(self, service: str) -> "_Service":
        return _Service(self, service)


class _Service:
    def __init__(self, aws: FakeAws, name: str) -> None:
        self._aws = aws
        self._name = name

    def __getattr__(self, operation: str) -> Any:
        def call(**_: Any) -> Any:
            answer = self._aws.answers.get(f"{self._name}.{operation}", {})
            if isinstance(answer, Exception):
                raise answer
            return copy.deepcopy(answer)

        return call

    def get_paginator(self, operation: str) -> Self:
        self._paged = operation
        return self

    def paginate(self, **inputs: Any) -> Iterator[Any]:
        page = getattr(self, self._paged)()
        if self._paged == "filter_log_events":
            lines = self._aws.lines.get(inputs["logGroupName"], ())
            page = {"events": [{"message": line} for line in lines]}
        yield page


class FakeDeployment(Deployment):
    """A deployment that gives one answer to all requests, and has one record in some logs."""

    def __init__(
        self,
        answer: Answer,
        records: Mapping[str, Any],
        answers: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        lines = {log: [json.dumps(record)] for log, record in records.items()}
        self.fake = FakeAws(SOUND | dict(answers or {}), lines)
        super().__init__(
            "http://127.0.0.1/chat",
            "the-key-of-a-client",
            client=self.fake.client,
            outputs=OUTPUTS if outputs is None else outputs,
            endpoint="http://127.0.0.1:1",
        )
        self.answer = answer
        self.asked: list[Request] = []

    def ask(self, request: Request) -> tuple[Answer, ...]:
        self.asked.append(request)
        return (self.answer,)
