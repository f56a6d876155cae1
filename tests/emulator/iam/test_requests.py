"""What an API request needs permission for, read from the very bytes that the SDK sends."""

from dataclasses import replace
from typing import Any

import pytest

from emulator.iam import Authorizer
from emulator.wire.http import HttpRequest
from tests.emulator.fake_account import ACCOUNT, REGION, captured_request
from tests.emulator.iam.asking import asked

R = f"{REGION}:{ACCOUNT}"
LOG_GROUP = f"arn:aws:logs:{R}:log-group:/aws/lambda/chatbot-dev"
STAGE = f"arn:aws:apigateway:{REGION}::/restapis/abc/stages/v1"
GUARDRAIL = f"arn:aws:bedrock:{R}:guardrail/abc123"
ACL = f"arn:aws:wafv2:{R}:regional/webacl/chatbot-dev/1234"
TOPIC = f"arn:aws:sns:{R}:chatbot-dev-alerts"
FUNCTION = f"arn:aws:lambda:{R}:function:chatbot-dev"
KEY = f"arn:aws:kms:{R}:key/11111111-2222-3333-4444-555555555555"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot-dev-execution"
EVENT = {"timestamp": 0, "message": "x"}
APPLY = {"guardrailVersion": "1", "source": "INPUT", "content": []}
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/chatbot-dev-deny-tampering"

Case = tuple[str, str, dict[str, Any], str, list[str]]

CASES: list[Case] = [
    ("bedrock", "update_guardrail", {"guardrailIdentifier": "abc123", "name": "n",
     "blockedInputMessaging": "x", "blockedOutputsMessaging": "x"}, "bedrock:UpdateGuardrail",
     [GUARDRAIL]),
    ("bedrock", "delete_guardrail", {"guardrailIdentifier": GUARDRAIL}, "bedrock:DeleteGuardrail",
     [GUARDRAIL]),
    ("bedrock", "put_model_invocation_logging_configuration", {"loggingConfig": {}},
     "bedrock:PutModelInvocationLoggingConfiguration", ["*"]),
    ("bedrock", "delete_model_invocation_logging_configuration", {},
     "bedrock:DeleteModelInvocationLoggingConfiguration", ["*"]),
    ("bedrock-runtime", "converse", {"modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
     "messages": []}, "bedrock:InvokeModel",
     [f"arn:aws:bedrock:{R}:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"]),
    ("bedrock-runtime", "invoke_model_with_response_stream",
     {"modelId": "amazon.nova-pro-v1:0", "body": b"{}"}, "bedrock:InvokeModelWithResponseStream",
     [f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-pro-v1:0"]),
    ("bedrock-runtime", "apply_guardrail", {"guardrailIdentifier": "abc123", **APPLY},
     "bedrock:ApplyGuardrail", [GUARDRAIL]),
    ("logs", "delete_log_group", {"logGroupName": "/aws/lambda/chatbot-dev"}, "logs:DeleteLogGroup",
     [f"{LOG_GROUP}:log-stream:"]),
    ("logs", "put_retention_policy", {"logGroupName": "/aws/lambda/chatbot-dev",
     "retentionInDays": 1}, "logs:PutRetentionPolicy", [f"{LOG_GROUP}:log-stream:"]),
    ("logs", "put_log_events", {"logGroupName": "/aws/lambda/chatbot-dev", "logStreamName": "a/b",
     "logEvents": [EVENT]}, "logs:PutLogEvents", [f"{LOG_GROUP}:log-stream:a/b"]),
    ("logs", "tag_resource", {"resourceArn": LOG_GROUP, "tags": {"a": "b"}}, "logs:TagResource",
     [LOG_GROUP]),
    ("cloudtrail", "stop_logging", {"Name": "chatbot-dev"}, "cloudtrail:StopLogging",
     [f"arn:aws:cloudtrail:{R}:trail/chatbot-dev"]),
    ("cloudtrail", "put_event_selectors",
     {"TrailName": f"arn:aws:cloudtrail:{R}:trail/t", "EventSelectors": []},
     "cloudtrail:PutEventSelectors", [f"arn:aws:cloudtrail:{R}:trail/t"]),
    ("cloudtrail", "describe_trails", {}, "cloudtrail:DescribeTrails", ["*"]),
    ("wafv2", "disassociate_web_acl", {"ResourceArn": STAGE}, "wafv2:DisassociateWebACL", [STAGE]),
    ("wafv2", "associate_web_acl", {"WebACLArn": ACL, "ResourceArn": STAGE},
     "wafv2:AssociateWebACL", [ACL, STAGE]),
    ("wafv2", "update_web_acl", {"Name": "chatbot-dev", "Scope": "REGIONAL", "Id": "1234",
     "DefaultAction": {"Allow": {}}, "VisibilityConfig": {"SampledRequestsEnabled": True,
     "CloudWatchMetricsEnabled": True, "MetricName": "m"}, "LockToken": "1"}, "wafv2:UpdateWebACL",
     [ACL]),
    ("iam", "detach_role_policy", {"RoleName": "chatbot-dev-execution", "PolicyArn": POLICY},
     "iam:DetachRolePolicy", [ROLE]),
    ("iam", "delete_policy", {"PolicyArn": POLICY}, "iam:DeletePolicy", [POLICY]),
    ("iam", "delete_role_permissions_boundary", {"RoleName": "chatbot-dev-execution"},
     "iam:DeleteRolePermissionsBoundary", [ROLE]),
    ("kms", "schedule_key_deletion", {"KeyId": KEY}, "kms:ScheduleKeyDeletion", [KEY]),
    ("kms", "disable_key", {"KeyId": KEY.split("/")[1]}, "kms:DisableKey", [KEY]),
    ("kms", "put_key_policy", {"KeyId": KEY, "Policy": "{}"}, "kms:PutKeyPolicy", [KEY]),
    ("s3", "put_bucket_policy", {"Bucket": "trail", "Policy": "{}"}, "s3:PutBucketPolicy",
     ["arn:aws:s3:::trail"]),
    ("s3", "delete_object", {"Bucket": "trail", "Key": "a/b c"}, "s3:DeleteObject",
     ["arn:aws:s3:::trail/a/b c"]),
    ("s3", "delete_object", {"Bucket": "trail", "Key": "a", "VersionId": "1"},
     "s3:DeleteObjectVersion", ["arn:aws:s3:::trail/a"]),
    ("s3", "delete_objects", {"Bucket": "trail",
     "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]}}, "s3:DeleteObject",
     ["arn:aws:s3:::trail/a", "arn:aws:s3:::trail/b"]),
    ("s3", "put_bucket_lifecycle_configuration",
     {"Bucket": "trail", "LifecycleConfiguration": {"Rules": []}}, "s3:PutLifecycleConfiguration",
     ["arn:aws:s3:::trail"]),
    ("s3", "delete_bucket", {"Bucket": "trail"}, "s3:DeleteBucket", ["arn:aws:s3:::trail"]),
    ("s3", "list_objects_v2", {"Bucket": "trail"}, "s3:ListBucket", ["arn:aws:s3:::trail"]),
    ("s3", "list_buckets", {}, "s3:ListAllMyBuckets", ["*"]),
    ("lambda", "invoke", {"FunctionName": "chatbot-dev", "Qualifier": "live", "Payload": b"{}"},
     "lambda:InvokeFunction", [f"{FUNCTION}:live"]),
    ("lambda", "invoke", {"FunctionName": f"{FUNCTION}:live"}, "lambda:InvokeFunction",
     [f"{FUNCTION}:live"]),
    ("lambda", "update_function_code", {"FunctionName": FUNCTION, "ZipFile": b"x"},
     "lambda:UpdateFunctionCode", [FUNCTION]),
    ("apigateway", "delete_rest_api", {"restApiId": "abc"}, "apigateway:DELETE",
     [f"arn:aws:apigateway:{REGION}::/restapis/abc"]),
    ("apigateway", "update_stage", {"restApiId": "abc", "stageName": "v1", "patchOperations": []},
     "apigateway:PATCH", [STAGE]),
    ("apigateway", "get_api_keys", {"includeValues": True}, "apigateway:GET",
     [f"arn:aws:apigateway:{REGION}::/apikeys"]),
    ("events", "disable_rule", {"Name": "chatbot-dev-tamper"}, "events:DisableRule",
     [f"arn:aws:events:{R}:rule/chatbot-dev-tamper"]),
    ("events", "remove_targets", {"Rule": "r", "EventBusName": "bus", "Ids": ["1"]},
     "events:RemoveTargets", [f"arn:aws:events:{R}:rule/bus/r"]),
    ("sns", "delete_topic", {"TopicArn": TOPIC}, "sns:DeleteTopic", [TOPIC]),
    ("sns", "unsubscribe", {"SubscriptionArn": f"{TOPIC}:5678"}, "sns:Unsubscribe", [TOPIC]),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "me"}, "sts:AssumeRole", [ROLE]),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["a", "b"]}, "cloudwatch:DeleteAlarms",
     [f"arn:aws:cloudwatch:{R}:alarm:a", f"arn:aws:cloudwatch:{R}:alarm:b"]),
    ("cloudwatch", "put_dashboard", {"DashboardName": "d", "DashboardBody": "{}"},
     "cloudwatch:PutDashboard", [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"]),
    ("xray", "put_trace_segments", {"TraceSegmentDocuments": []}, "xray:PutTraceSegments", ["*"]),
    ("budgets", "delete_budget", {"AccountId": ACCOUNT, "BudgetName": "b"}, "budgets:ModifyBudget",
     [f"arn:aws:budgets::{ACCOUNT}:budget/b"]),
    ("budgets", "list_tags_for_resource", {"ResourceARN": f"arn:aws:budgets::{ACCOUNT}:budget/b"},
     "budgets:ListTagsForResource", [f"arn:aws:budgets::{ACCOUNT}:budget/b"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_action_and_resources_of_a_real_request(authorizer: Authorizer, case: Case) -> None:
    service, operation, parameters, action, resources = case
    request = captured_request(service, operation, **parameters)
    assert asked(authorizer, request) == (action, resources)


def test_cloudwatch_by_the_query_protocol_too(authorizer: Authorizer) -> None:
    request = captured_request("sns", "list_topics")
    scoped = tuple(
        (name, value.replace("/sns/", "/monitoring/")) for name, value in request.headers
    )
    body = b"Action=DeleteAlarms&Version=2010-08-01&AlarmNames.member.1=a"
    found = asked(authorizer, replace(request, headers=scoped, body=body))
    assert found == ("cloudwatch:DeleteAlarms", [f"arn:aws:cloudwatch:{R}:alarm:a"])


def test_cloudtrail_as_sdks_in_go_name_it(authorizer: Authorizer) -> None:
    request = captured_request("cloudtrail", "stop_logging", Name="trail")
    headers = tuple(
        (name, "CloudTrail_20131101.StopLogging" if name.lower() == "x-amz-target" else value)
        for name, value in request.headers
    )
    found = asked(authorizer, replace(request, headers=headers))
    assert found is not None
    assert found[0] == "cloudtrail:StopLogging"


def test_the_openai_compatible_endpoint_is_inference_without_guardrail(
    authorizer: Authorizer,
) -> None:
    request = captured_request("bedrock", "list_guardrails")
    mantle = replace(
        request,
        method="POST",
        path="/v1/chat/completions",
        headers=tuple((k, v.replace("/bedrock/", "/bedrock-mantle/")) for k, v in request.headers),
    )
    assert asked(authorizer, mantle) == (
        "bedrock-mantle:CreateInference",
        [f"arn:aws:bedrock-mantle:{R}:project/default"],
    )


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    return replace(request, headers=(*request.headers, (name, value)))


def test_a_request_that_can_be_read_in_two_ways_is_none(authorizer: Authorizer) -> None:
    logs = captured_request("logs", "describe_log_groups")
    get = captured_request("lambda", "get_function", FunctionName="f")
    authorization = logs.header("authorization") or ""
    ambiguous = [
        with_header(logs, "X-Amz-Target", "Logs_20140328.DeleteLogGroup"),
        replace(logs, query="Action=DeleteLogGroup"),
        with_header(logs, "Authorization", authorization),
        replace(logs, query="X-Amz-Credential=rehearsal/20260101/us-east-2/logs/aws4_request"),
        replace(logs, query="X%2DAmz%2DCredential=rehearsal/20260101/us-east-2/logs/aws4_request"),
        replace(get, query="Action=DeleteFunction"),
        with_header(get, "X-Amz-Target", "AWSLambda.DeleteFunction"),
        # one operation with the slash encoded, another for a router that decodes it
        replace(get, method="PUT", path="/2015-03-31/functions/f%2Fcode"),
    ]
    for request in ambiguous:
        assert asked(authorizer, request) is None


@pytest.mark.parametrize(
    ("service", "operation", "given", "action"),
    [
        ("lambda", "invoke", {"FunctionName": "f"}, "lambda:InvokeFunction"),
        (*("bedrock-runtime", "converse", {"modelId": "us.a.b", "messages": []}),
         "bedrock:InvokeModel"),
    ],
)  # fmt: skip
def test_our_own_parts_read_any_content_type(
    authorizer: Authorizer, service: str, operation: str, given: dict[str, Any], action: str
) -> None:
    request = captured_request(service, operation, **given)
    headers = tuple(each for each in request.headers if each[0].lower() != "content-type")
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        odd = replace(request, headers=(*headers, ("Content-Type", kind)))
        found = asked(authorizer, odd)
        assert found == asked(authorizer, request)
        assert found is not None
        assert found[0] == action


def test_every_log_group_of_a_request_is_asked(authorizer: Authorizer) -> None:
    request = captured_request(
        "logs", "describe_log_streams", logGroupName="a", logGroupIdentifier="b"
    )
    found = asked(authorizer, request)
    assert found is not None
    assert [arn.split(":log-group:")[1] for arn in found[1]] == ["a:log-stream:", "b:log-stream:"]


def test_a_presigned_url_names_its_signer_too(authorizer: Authorizer) -> None:
    request = captured_request("s3", "get_object", Bucket="trail", Key="k")
    scope = "rehearsal%2F20260101%2Fus-east-2%2Fs3%2Faws4_request"
    unsigned = tuple((k, v) for k, v in request.headers if k.lower() != "authorization")
    presigned = replace(request, headers=unsigned, query=f"X-Amz-Credential={scope}")
    assert asked(authorizer, presigned) == ("s3:GetObject", ["arn:aws:s3:::trail/k"])


def test_what_is_no_aws_request_is_none(authorizer: Authorizer) -> None:
    logs = captured_request("logs", "describe_log_groups")
    unsigned = replace(logs, headers=(("Host", "x"),))
    unknown = replace(
        logs, headers=tuple((k, v.replace("/logs/", "/made-up/")) for k, v in logs.headers)
    )
    no_operation = replace(
        logs, headers=tuple((k, v.replace("Describe", "Undo")) for k, v in logs.headers)
    )
    for request in (unsigned, unknown, no_operation):
        assert asked(authorizer, request) is None
