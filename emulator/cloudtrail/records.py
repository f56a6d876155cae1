"""CloudTrail's records: what is recorded of an API call, and what never is.

Sources: CloudTrail User Guide, "CloudTrail record contents"; Amazon Bedrock User Guide, "Log Amazon
Bedrock API calls using AWS CloudTrail".
"""

import base64
import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from botocore.model import OperationModel, Shape
from botocore.parsers import ResponseParserError, create_parser
from moto.core.utils import get_service_model

from emulator.wire.call import Call, Principal
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import HttpResponse
from emulator.wire.ids import new_uuid
from emulator.wire.read_only import is_read_only
from iam_policy.regions import GLOBAL_SERVICES

_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_MAX_FIELD = 100 * 1024  # AWS's limit for requestParameters and for responseElements
_GUARDRAIL = "AWS::Bedrock::Guardrail"
# Data events: not recorded unless a trail asks, and here only ApplyGuardrail's can be asked for.
_DATA_EVENTS = {
    "cloudwatch": ("GetMetric", "ListMetrics", "PutMetricData"),
    "dynamodb": (
        "Batch",
        "DeleteItem",
        "Execute",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "Transact",
        "UpdateItem",
    ),
    "events": ("PutEvents",),
    "lambda": ("Invoke",),
    "logs": ("FilterLogEvents", "GetLogEvents", "GetLogRecord", "PutLogEvents"),
    "sns": ("Publish",),
    "xray": ("BatchGetTraces", "GetTrace", "GetSampling", "PutT"),
}


_INFERENCE = frozenset(
    {"Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"}
)


# Lambda's event names carry the date of the API's path and, some, a version.
_LAMBDA_V2 = frozenset(
    {
        "AddPermission",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "RemovePermission",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    }
)


# What the sample record in the Bedrock User Guide ("Log Amazon Bedrock API calls using AWS
# CloudTrail") shows a finding. Whether AWS would show the matched text is not on record.
_RECORDED = frozenset({"action", "confidence", "detected", "name", "type"})

# Never recorded, whatever the service model says of them.
_NEVER = frozenset({"environment", "zipfile", "messages", "system", "body", "requestmetadata"})
_SECRET = frozenset({"secretaccesskey", "sessiontoken", "password", "secretstring", "tokencode"})
# API Gateway's model does not mark the value of an API key as sensitive.
_KEYS = re.compile(r"\w+(ApiKey|ApiKeys|UsagePlanKey)")


def is_unrecorded(call: Call) -> bool:
    """Return whether the call is a data event that no trail here can select."""
    if call.service == "s3":
        return call.params.get("Key") is not None or call.operation in {
            "DeleteObjects",
            "ListObjects",
            "ListObjectsV2",
            "ListObjectVersions",
        }
    if call.service == "bedrock-runtime":
        return call.operation not in _INFERENCE and call.operation != "ApplyGuardrail"
    return call.operation.startswith(_DATA_EVENTS.get(call.service, ("\0",)))


def particulars(call: Call, response: HttpResponse, account: str) -> JsonObject:
    """Return what a record says of the call itself: parameters, answer or error."""
    inference = call.service == "bedrock-runtime"
    read_only = is_read_only(call.service, call.operation) and not inference
    record: JsonObject = {
        "eventSource": "bedrock.amazonaws.com"
        if call.endpoint_prefix.startswith("bedrock")
        else f"{call.endpoint_prefix}.amazonaws.com",
        "eventName": _event_name(call),
        "awsRegion": "us-east-1" if call.service in GLOBAL_SERVICES else call.region,
        "requestParameters": _request_parameters(call),
        "responseElements": None,
        "readOnly": read_only,
        # As in the sample records: where the client believes to be. Here it came without TLS.
        "tlsDetails": {"clientProvidedHostHeader": _host(call)},
    }
    if response.status >= 400:
        record["errorCode"], record["errorMessage"] = _error(call, response)
    elif not inference and (not read_only or call.service == "sts"):
        record["responseElements"] = _response_elements(call, response)
    if call.operation == "ApplyGuardrail" and inference:
        identifier = str(call.params.get("guardrailIdentifier", ""))
        record["requestParameters"]["guardrailIdentifier"] = identifier.rpartition("/")[2]
        if response.status < 400:
            answer = json.loads(response.body)
            record["responseElements"] = {
                "action": answer.get("action"),
                "assessments": [recorded_assessment(one) for one in answer.get("assessments", ())],
            }
        arn = f"arn:{call.partition}:bedrock:{call.region}:{account}:guardrail/{identifier}"
        record |= data_event(identifier if identifier.startswith("arn:") else arn, account)
    return record


def envelope(call: Call, response: HttpResponse | None, account: str) -> JsonObject:
    """Return what a record says of any call: who, when, from where."""
    request = call.request
    ids = ("x-amzn-requestid", "x-amz-request-id")
    given = next((value for name in ids if response and (value := response.header(name))), None)
    return {
        "eventVersion": "1.11",
        "userIdentity": _identity(call.principal),
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "sourceIPAddress": request.source_ip,
        "userAgent": (request.header("user-agent") or "")[:1024],
        "requestID": given or call.request_id,
        "eventID": new_uuid(),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }


def recorded_assessment(assessment: Document) -> JsonObject:
    """Return a guardrail's findings without the matched text."""
    return {
        policy: {
            kind: [{name: one[name] for name in one if name in _RECORDED} for one in items]
            for kind, items in findings.items()
            if items
        }
        for policy, findings in assessment.items()
        if policy.endswith("Policy")
    }


def data_event(guardrail_arn: str, account: str) -> JsonObject:
    """Return the fields that make a record one of ApplyGuardrail's, a data event."""
    return {
        "managementEvent": False,
        "eventCategory": "Data",
        "readOnly": True,
        "resources": [{"accountId": account, "type": _GUARDRAIL, "ARN": guardrail_arn}],
    }


@functools.lru_cache(maxsize=256)
def _identity(principal: Principal) -> Document:
    """Describe a caller. The same for each of its records, thousands of which are kept."""
    identity: JsonObject = {
        "type": principal.type,
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": principal.access_key_id,
    }
    if principal.type == "AssumedRole":
        issued = principal.issued or datetime.now(UTC)
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal.user_id.partition(":")[0],
                "arn": principal.role_arn,
                "accountId": principal.account,
                "userName": principal.role_name,
            },
            "attributes": {
                "creationDate": f"{issued:%Y-%m-%dT%H:%M:%SZ}",
                "mfaAuthenticated": "false",
            },
        }
    return identity


def _host(call: Call) -> str:
    region = "" if call.service in GLOBAL_SERVICES else f".{call.region}"
    return f"{call.endpoint_prefix}{region}.amazonaws.com"


def _event_name(call: Call) -> str:
    if call.service != "lambda":
        return call.operation
    date = call.path.split("/")[1].replace("-", "")
    return f"{call.operation}{date}{'v2' if call.operation in _LAMBDA_V2 else ''}"


def _request_parameters(call: Call) -> object:
    if call.service == "bedrock-runtime":  # never a prompt
        names = ("modelId", "guardrailIdentifier", "guardrailVersion", "source")
        return {name: call.params[name] for name in names if name in call.params} or None
    shape = _operation(call).input_shape if call.service != "bedrock-mantle" else None
    return _bounded("requestParameters", _clean(call.params, shape, call))


def _response_elements(call: Call, response: HttpResponse) -> object:
    shape = _operation(call).output_shape
    if shape is None:
        return None
    parsed = _parse(call, response)
    parsed.pop("ResponseMetadata", None)
    return _bounded("responseElements", _clean(parsed, shape, call))


def _error(call: Call, response: HttpResponse) -> tuple[str, str]:
    error = _parse(call, response).get("Error", {})
    code = str(error.get("Code") or response.status)
    # CloudTrail names a refusal AccessDenied where JSON services answer their caller …Exception.
    return code.replace("AccessDeniedException", "AccessDenied"), str(error.get("Message", ""))


def _operation(call: Call) -> OperationModel:
    return get_service_model(call.service).operation_model(call.operation)


def _parse(call: Call, response: HttpResponse) -> JsonObject:
    """Read a response as the SDK does; what it cannot read, the record lacks."""
    protocol = "smithy-rpc-v2-cbor" if call.protocol == "cbor" else call.protocol
    given = {
        "status_code": response.status,
        "headers": {name.lower(): value for name, value in response.headers},
        "body": response.body,
    }
    try:
        shape = _operation(call).output_shape
        parsed: JsonObject = create_parser(protocol).parse(given, shape)
    except (ResponseParserError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return parsed


def _clean(value: object, shape: Shape | None, call: Call) -> object:
    """Name members as CloudTrail does and hide what is sensitive, by AWS's own service model."""
    if shape is not None and shape.metadata.get("sensitive"):
        return _HIDDEN
    match value:
        case Mapping():
            structure = getattr(shape, "members", None)
            cleaned = {}
            for name, member in value.items():
                if structure is None:  # a map: its keys are data
                    cleaned[str(name)] = _clean(member, getattr(shape, "value", None), call)
                elif name.lower() in _NEVER:
                    continue
                elif name.lower() in _SECRET or (
                    name == "value" and _KEYS.fullmatch(call.operation)
                ):
                    cleaned[_camel(name)] = _HIDDEN
                elif call.service == "s3" and name == "Bucket":
                    cleaned["bucketName"] = member
                else:
                    cleaned[_camel(name)] = _clean(member, structure.get(name), call)
            return cleaned
        case list() | tuple():
            item = getattr(shape, "member", None)
            return [_clean(one, item, call) for one in value]
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case str() | int() | float() | bool() | None:
            return value
        case _:  # a stream
            return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _bounded(name: str, value: object) -> object:
    if not value:
        return None
    size = len(json.dumps(value, default=str))
    if size <= _MAX_FIELD:
        return value
    return {"omitted": True, "originalSize": size, "reason": f"{name} too large"}
