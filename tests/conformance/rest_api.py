"""REST APIs that replays make, deploy and call."""

import json
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.conformance.harness import NotImplementedHereError
from tests.emulator.conftest import REGION, Answer, Emulator
from tests.emulator.lambda_.running import make_zip

_CODE = """
import json

def answer(event, context):  # what the body says
    return json.loads(event["body"])

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}

def fail(event, context):
    raise TypeError("no")
"""


@cache
def function(aws: Emulator, handler: str) -> str:
    """Return the ARN of a function that any API may invoke."""
    name = f"replay-{handler}"
    made = aws.function(name, make_zip(_CODE), Handler=f"app.{handler}")
    aws.client("lambda").add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return str(made["FunctionArn"])


def invocation_uri(function_arn: str) -> str:
    path = f"2015-03-31/functions/{function_arn}/invocations"
    return f"arn:aws:apigateway:{REGION}:lambda:path/{path}"


class RestApi:
    """A REST API, as an author makes it and a client calls it."""

    stage = "stage"

    def __init__(self, aws: Emulator, **settings: Any) -> None:
        self.aws = aws
        self.client = aws.client("apigateway")
        self.id = self.client.create_rest_api(name=f"replay-{uuid.uuid4()}", **settings)["id"]
        self.root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]

    def resource(self, part: str, parent: str | None = None) -> str:
        made = self.client.create_resource(
            restApiId=self.id, parentId=parent or self.root, pathPart=part
        )
        return str(made["id"])

    def at(self, resource: str, verb: str) -> dict[str, str]:
        """Name a method, as arguments of boto3."""
        return {"restApiId": self.id, "resourceId": resource, "httpMethod": verb}

    def method(self, resource: str, verb: str = "GET", **settings: Any) -> dict[str, str]:
        """Make a method without authorization; return where it is."""
        place = self.at(resource, verb)
        self.client.put_method(**place, **{"authorizationType": "NONE"} | settings)
        return place

    def mock(
        self,
        resource: str,
        verb: str = "GET",
        *,
        template: str = '{"statusCode": 200}',
        answer: str = "",
        integration: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        """Make a method that answers 200 by itself."""
        place = self.method(resource, verb, **settings)
        self.client.put_integration(
            **place,
            type="MOCK",
            requestTemplates={"application/json": template},
            **integration or {},
        )
        self.client.put_method_response(**place, statusCode="200")
        self.client.put_integration_response(
            **place, statusCode="200", responseTemplates={"application/json": answer}
        )

    def proxy(
        self,
        resource: str,
        verb: str = "GET",
        *,
        handler: str = "echo",
        integration: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        """Make a method that a function answers."""
        place = self.method(resource, verb, **settings)
        uri = invocation_uri(function(self.aws, handler))
        given = {"integrationHttpMethod": "POST", "uri": uri} | dict(integration or {})
        self.client.put_integration(**place, type="AWS_PROXY", **given)

    def deploy(self, stage: str = stage) -> str:
        return str(self.client.create_deployment(restApiId=self.id, stageName=stage)["id"])

    def call(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        *,
        before_stage: str = "/",
        **headers: str,
    ) -> dict[str, Any]:
        """Send a request; return status, headers and body (parsed where it is JSON)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        base = f"/_aws/execute-api/{self.id}{before_stage}{self.stage}"
        return answered(self.aws.request(method, base + path, body, named))


def answered(answer: Answer) -> dict[str, Any]:
    """Return an answer's parts under the names of recordings."""
    if answer.status == 501:
        raise NotImplementedHereError(answer.body.decode())
    try:
        body = answer.json()
    except ValueError:
        body = answer.body.decode(errors="replace")
    return {"status": answer.status, "headers": dict(answer.headers), "body": body}


def json_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    assert answer["status"] == 200, answer
    return dict(answer["body"])


def dumped(document: Any) -> bytes:
    return json.dumps(document).encode()
