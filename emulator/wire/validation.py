"""Refuse what AWS's service models forbid, in the words of each service."""

from dataclasses import replace

from emulator.wire.call import Call
from emulator.wire.errors import AwsError
from emulator.wire.shapes import Violation, input_shape, summary, violations

# What a service calls a request that its model forbids, where that is not ValidationException.
_INVALID = {"logs": "InvalidParameterException"}
_MALFORMED_XML = (
    "The XML you provided was not well-formed or did not validate against our published schema"
)


def validate(call: Call) -> None:
    """Refuse a request that the service's model forbids. Raises AwsError."""
    if call.service == "bedrock-mantle":  # which has no model in botocore
        return
    if call.problem is not None:
        raise unreadable(call)
    found = violations(call.service, call.operation, call.params, wire=False)
    if not found:
        return
    if call.protocol == "rest-xml":
        raise _s3_refusal(call, found[0])
    if call.service == "apigateway":
        found = _located(call, found)
    if call.service == "lambda" and found[0].path == "runtime":
        # On record: Lambda checks the runtime by itself, says so in this way, and quotes nothing.
        text = found[0].text.replace(f"'{call.params['Runtime']}'", call.params["Runtime"], 1)
        raise AwsError(400, "InvalidParameterValueException", text)
    code = "ValidationError" if call.protocol == "query" else "ValidationException"
    code = _INVALID.get(call.service, code)
    # CloudWatch's model is awsQueryCompatible: SDKs read the code of the query protocol there.
    compatible = call.service == "cloudwatch" and call.protocol != "query"
    headers = (("x-amzn-query-error", "ValidationError;Sender"),) if compatible else ()
    raise AwsError(400, code, summary(found), headers=headers)


def _located(call: Call, found: list[Violation]) -> list[Violation]:
    """Name members of the body as API Gateway does, and before those of the URL.

    On record: 'updateModelInput.patchOperations.1.member.op', but 'statusCode' (localstack/
    localstack, tests/aws/services/apigateway/test_apigateway_api.snapshot.json).
    """
    members = input_shape(call.service, call.operation).members
    prefix = f"{call.operation[:1].lower()}{call.operation[1:]}Input."
    body, url = [], []
    for one in found:
        if members[one.path.partition(".")[0]].serialization.get("location"):
            url.append(one)
        else:
            text = one.text.replace(f"at '{one.path}'", f"at '{prefix}{one.path}'", 1)
            body.append(replace(one, path=prefix + one.path, text=text))
    return body + url


def unreadable(call: Call) -> AwsError:
    """Return AWS's refusal of a body that is not in the service's protocol."""
    code, message = "SerializationException", call.problem or "The request body could not be read."
    if call.protocol == "rest-xml":
        code, message = "MalformedXML", _MALFORMED_XML
    elif call.protocol == "query":
        code = "MalformedInput"
    elif call.service == "lambda":
        code, message = "InvalidRequestContentException", "Could not parse request body into json."
    return AwsError(400, code, message)


def _s3_refusal(call: Call, broken: Violation) -> AwsError:
    """Refuse as S3 does: by its schema (S3 API reference, "Error responses")."""
    shape = input_shape(call.service, call.operation)
    name = next(
        name for name in shape.members if broken.path.startswith(name[:1].lower() + name[1:])
    )
    if shape.members[name].serialization.get("location"):
        code, message = "InvalidArgument", f"Invalid argument: {broken.text}"
    elif name not in call.params:
        code, message = "MissingRequestBodyError", "Request body is empty."
    elif broken.path.endswith(".locationConstraint"):
        code = "InvalidLocationConstraint"
        message = "The specified location-constraint is not valid"
    else:
        code, message = "MalformedXML", _MALFORMED_XML
    return AwsError(400, code, message)
