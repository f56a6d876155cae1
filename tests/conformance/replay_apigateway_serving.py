"""What clients of a deployed REST API were answered."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.conformance.harness import replay
from tests.conformance.rest_api import RestApi, dumped, json_of
from tests.emulator.conftest import ACCOUNT, LOGS, REGION, Emulator

JSON = "application/json"


def _deployed(aws: Emulator, part: str = "", verb: str = "GET", **settings: Any) -> RestApi:
    """An API whose one method answers by itself, or by the function `handler`."""
    api = RestApi(aws)
    make = api.proxy if "handler" in settings else api.mock
    make(api.resource(part) if part else api.root, verb, **settings)
    api.deploy()
    return api


@replay("apigw-001")
def no_such_path(aws: Emulator) -> dict[str, Any]:
    return _deployed(aws, "here").call("/no-such")


@replay("apigw-002")
def no_such_method(aws: Emulator) -> dict[str, Any]:
    return _deployed(aws, "here").call("/here", "POST", b"{}", Content_Type=JSON)


def _validated(aws: Emulator, *parameters: str, schema: dict[str, Any] | None = None) -> RestApi:
    """An API whose GET and POST of /here want what is given."""
    api = RestApi(aws)
    validator = api.client.create_request_validator(
        restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    settings: dict[str, Any] = {
        "requestValidatorId": validator,
        "requestParameters": {f"method.request.{name}": True for name in parameters},
    }
    if schema is not None:
        api.client.create_model(
            restApiId=api.id, name="Wanted", contentType=JSON, schema=json.dumps(schema)
        )
        settings["requestModels"] = {JSON: "Wanted"}
    here = api.resource("here")
    for verb in ("GET", "POST"):
        api.mock(here, verb, **settings)
    api.deploy()
    return api


_TWO_NUMBERS = {
    "type": "object",
    "required": ["a", "b"],
    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
}


@replay("apigw-004")
def all_parameters_missing(aws: Emulator) -> dict[str, Any]:
    api = _validated(aws, "querystring.qs1", "path.p", "header.x-h", schema=_TWO_NUMBERS)
    return api.call("/here", "POST", b'{"t":"t"}', Content_Type=JSON)


@replay("apigw-006")
def query_parameter_missing(aws: Emulator) -> dict[str, Any]:
    return _validated(aws, "querystring.qs1", "header.x-h").call("/here", x_h="given")


@replay("apigw-007")
def body_breaks_its_model(aws: Emulator) -> dict[str, Any]:
    api = _validated(aws, schema=_TWO_NUMBERS)
    return api.call("/here", "POST", b'{"t":"t"}', Content_Type=JSON)


@replay("apigw-008")
def get_without_a_body(aws: Emulator) -> dict[str, Any]:
    return _validated(aws, schema=_TWO_NUMBERS).call("/here")


@replay("apigw-009", reading={"before": 400, "undeployed": 400, "wrong body": 200, "GET": 200})
def validator_changed(aws: Emulator) -> dict[str, Any]:
    api = _validated(aws, schema=_TWO_NUMBERS)

    def status(method: str = "POST", body: bytes | None = b'{"t":"t"}') -> int:
        headers = {"Content_Type": JSON} if body else {}
        return int(api.call("/here", method, body, **headers)["status"])

    before = status()
    validator = api.client.get_request_validators(restApiId=api.id)["items"][0]["id"]
    for name in ("Body", "Parameters"):
        change = {"op": "replace", "path": f"/validateRequest{name}", "value": "false"}
        api.client.update_request_validator(
            restApiId=api.id, requestValidatorId=validator, patchOperations=[change]
        )
    undeployed = status()
    api.deploy()
    return {
        "before": before,
        "undeployed": undeployed,
        "wrong body": status(),
        "GET": status("GET", None),
    }


@replay("apigw-010")
def model_refers_to_another(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    validator = api.client.create_request_validator(
        restApiId=api.id, name="body", validateRequestBody=True
    )["id"]
    other = {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}}
    url = f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Other"
    wanted = {
        "type": "object",
        "required": ["it"],
        "properties": {"it": {"oneOf": [{"type": "null"}, {"$ref": url}]}},
    }
    for name, schema in (("Other", other), ("Wanted", wanted)):
        api.client.create_model(
            restApiId=api.id, name=name, contentType=JSON, schema=json.dumps(schema)
        )
    api.mock(api.root, "POST", requestValidatorId=validator, requestModels={JSON: "Wanted"})
    api.deploy()
    answers = {
        name: api.call("/", "POST", dumped(body), Content_Type=JSON)
        for name, body in (
            ("null", {"it": None}),
            ("valid object", {"it": {"a": 1}}),
            ("property absent", {}),
            ("object without required field", {"it": {"b": 1}}),
        )
    }
    return {
        "status": {name: answer["status"] for name, answer in answers.items()},
        "body of 400": answers["property absent"]["body"],
    }


def _keyed(aws: Emulator) -> tuple[RestApi, Callable[[str], int], dict[str, Any], str]:
    """An API that wants a key: itself, a way to ask it, a key of no plan, and a usage plan."""
    api = _deployed(aws, apiKeyRequired=True)
    stages = [{"apiId": api.id, "stage": api.stage}]
    plan = api.client.create_usage_plan(name=api.id, apiStages=stages)["id"]
    key = api.client.create_api_key(name=api.id, enabled=True)
    return api, lambda value: int(api.call("/", x_api_key=value)["status"]), key, plan


@replay("apigw-013", reading={"first": 403, "at last": 200})
def key_just_added(aws: Emulator) -> dict[str, Any]:
    api, ask, key, plan = _keyed(aws)
    before = ask(key["value"])
    api.client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return {"first": before, "at last": ask(key["value"])}


@replay("apigw-014")
def key_disabled(aws: Emulator) -> dict[str, Any]:
    api, ask, key, plan = _keyed(aws)
    api.client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert ask(key["value"]) == 200
    disable = {"op": "replace", "path": "/enabled", "value": "false"}
    api.client.update_api_key(apiKey=key["id"], patchOperations=[disable])
    return {"status": ask(key["value"])}


def _answered(answer: Any) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = _deployed(aws, verb="POST", handler="answer")
        return api.call("/", "POST", dumped(answer), Content_Type=JSON)

    return ask


_HEADERS = {"test-header": "value", "header-bool": True}
for _id, _answer in {
    "apigw-029": {"statusCode": 200},
    "apigw-030": {"statusCode": 200, "headers": _HEADERS},
    "apigw-031": {"statusCode": 200, "headers": None},
    "apigw-032": {"statusCode": 200, "wrongValue": "x"},
    "apigw-039": {"statusCode": "test"},
}.items():
    replay(_id)(_answered(_answer))


@replay("apigw-033")
def function_raises(aws: Emulator) -> dict[str, Any]:
    return _deployed(aws, handler="fail").call("/")


replay("apigw-034", reading={"status": 200, "body": "aGVsbG8="})(
    _answered({"statusCode": 200, "body": "aGVsbG8=", "isBase64Encoded": True})
)


def _joined(**answer: Any) -> Callable[[Emulator], dict[str, Any]]:
    """Answers whose header `h` has several values, which clients see joined."""

    def ask(aws: Emulator) -> dict[str, Any]:
        api = _deployed(aws, verb="POST", handler="answer")
        path, body = f"/_aws/execute-api/{api.id}/{api.stage}/", {"statusCode": 200} | answer
        reply = aws.request("POST", path, dumped(body), {"Content-Type": JSON})
        return {"status": reply.status, "headers": {"h": ", ".join(reply.all("h"))}}

    return ask


replay("apigw-035")(_joined(multiValueHeaders={"h": ["value1", "value2"]}))
replay("apigw-036")(_joined(multiValueHeaders={"h": ["value-multi"]}, headers={"h": "value-solo"}))


@replay("apigw-043")
def proxy_by_get(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    api.proxy(api.root, integration={"integrationHttpMethod": "GET"})
    api.client.put_gateway_response(restApiId=api.id, responseType="INTEGRATION_FAILURE")
    api.deploy()
    return api.call("/")


@replay("apigw-044")
def bytes_of_a_failed_integration(aws: Emulator) -> dict[str, Any]:
    reserved = {"requestParameters": {"integration.request.header.Content-Length": "'1'"}}
    return _deployed(aws, handler="echo", integration=reserved).call("/")


def _greedy(aws: Emulator) -> RestApi:
    api = RestApi(aws)
    api.proxy(api.resource("{proxy+}"))
    api.proxy(api.resource("hardcoded"))
    api.deploy()
    return api


def _echoed(path: str, before_stage: str = "/") -> Callable[[Emulator], dict[str, Any]]:
    """What a function is given for a path."""

    def ask(aws: Emulator) -> dict[str, Any]:
        answer = _greedy(aws).call(path, before_stage=before_stage)
        event = json_of(answer)
        path_of = event["requestContext"]["path"]
        return event | {"status": answer["status"], "requestContext.path": path_of}

    return ask


_QUERY = "?d=10:00+00:00&email=a%2Bb@example.com&plus=a+b@example.com&url=https://x/&z=abort/"
replay("apigw-049")(_echoed("/proxy-value//double-slash"))
replay("apigw-050")(_echoed("/proxy-value", before_stage="//"))
replay("apigw-051")(_echoed("//proxy-value"))
replay("apigw-052")(_echoed("//hardcoded"))
replay("apigw-054")(_echoed("/proxy-value" + _QUERY))


@replay("apigw-056", reading={"MOCK": [False, False], "AWS_PROXY": [True, True]})
def trace_header(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    api.mock(api.resource("mock"))
    api.proxy(api.resource("proxy"))
    api.deploy()
    given = "Root=1-67891233-abcdef012345678912345678"

    def traced(path: str) -> list[bool]:
        answers = [api.call(path), api.call(path, X_Amzn_Trace_Id=given)]
        assert all(answer["status"] == 200 for answer in answers)
        return ["x-amzn-trace-id" in answer["headers"] for answer in answers]

    return {"MOCK": traced("/mock"), "AWS_PROXY": traced("/proxy")}


@replay("apigw-057")
def unquoted_key(aws: Emulator) -> dict[str, Any]:
    return _deployed(aws, template="{statusCode: 200}").call("/")


_NEVER: dict[str, Any] = {
    "answer": '{"statusCode": 200, "id": 42}',
    "integration": {"passthroughBehavior": "NEVER"},
}


@replay("apigw-058")
def never_with_json(aws: Emulator) -> dict[str, Any]:
    return _deployed(aws, verb="POST", **_NEVER).call("/", "POST", b"{}", Content_Type=JSON)


@replay("apigw-059")
def never_without_content_type(aws: Emulator) -> dict[str, Any]:
    return _deployed(aws, **_NEVER).call("/")


# Access logs

_FORMAT = {
    "requestId": "$context.requestId",
    "status": "$context.status",
    "wafResponseCode": "$context.wafResponseCode",
    "wafStatus": "$context.waf.status",
    "error.message": "$context.error.message",
    "responseLength": "$context.responseLength",
    "resourcePath": "$context.resourcePath",
    "integrationStatus": "$context.integrationStatus",
    "integrationLatency": "$context.integrationLatency",
}


def logging(api: RestApi) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    """Log a deployed API's requests; return a function that reads (stream, record) of each."""
    aws = api.aws
    group, logs = f"/replay/{api.id}", aws.client("logs")
    logs.create_log_group(logGroupName=group)
    role = aws.role(f"logs-{api.id}", LOGS)["Arn"]
    as_role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    api.client.update_account(patchOperations=[as_role])
    for name, value in (
        ("destinationArn", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"),
        ("format", json.dumps(_FORMAT)),
    ):
        change = {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
        api.client.update_stage(restApiId=api.id, stageName=api.stage, patchOperations=[change])

    def read() -> list[tuple[str, dict[str, Any]]]:
        aws.server.app.door.account.logs.flush()
        events = logs.filter_log_events(logGroupName=group)["events"]
        return [(event["logStreamName"], json.loads(event["message"])) for event in events]

    return read


def guarded(api: RestApi, rules: list[dict[str, Any]], default: str = "Allow") -> str:
    """Put a web ACL before a deployed API; return the ACL's ARN."""
    waf = api.aws.client("wafv2")
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False}
    acl = waf.create_web_acl(
        Name=f"acl-{api.id}",
        Scope="REGIONAL",
        DefaultAction={default: {}},
        VisibilityConfig=seen | {"MetricName": "acl"},
        Rules=[
            {"Priority": priority, "VisibilityConfig": seen | {"MetricName": rule["Name"]}} | rule
            for priority, rule in enumerate(rules)
        ],
    )["Summary"]["ARN"]
    stage = f"arn:aws:apigateway:{REGION}::/restapis/{api.id}/stages/{api.stage}"
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=stage)
    return str(acl)


@replay("apigw-082")
def access_log_of_a_block(aws: Emulator) -> dict[str, Any]:
    api = _deployed(aws, "PythonResource")
    read = logging(api)
    guarded(api, [], default="Block")
    assert api.call("/PythonResource")["status"] == 403
    ((_, record),) = read()
    return record


@replay("apigw-085", reading={"streams": 3, "named": "<32 hex digits>"})
def streams_of_access_logs(aws: Emulator) -> dict[str, Any]:
    api = _deployed(aws, "here")
    read = logging(api)
    for _ in range(3):
        api.call("/here")
        time.sleep(0.01)
    streams = {stream for stream, _ in read()}
    hexadecimal = all(len(each) == 32 and int(each, 16) >= 0 for each in streams)
    return {"streams": len(streams), "named": "32 hex digits" if hexadecimal else streams}
