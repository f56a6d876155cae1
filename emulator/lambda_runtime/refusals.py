"""What Lambda's API refuses and moto does not, in AWS's words.

Recorded in localstack/localstack, tests/aws/services/lambda_/test_lambda_api.snapshot.json.
"""

import base64
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from emulator.cloud import Cloud
from emulator.errors import service_error
from emulator.http import HttpResponse
from emulator.iam.requests import ApiCall

_NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
_UNQUALIFIED_ONLY = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this"
    " operation. Please specify either a function name or an unqualified function ARN."
)


def answer(call: ApiCall, cloud: Cloud) -> HttpResponse | None:
    """Return Lambda's refusal of a call; None if it may go on."""
    check = _CHECKS.get(call.operation)
    try:
        problem = check(call.params, cloud.client("lambda")) if check else None
    except ClientError:
        return None  # there is no such function, and moto says so
    if problem is None:
        return None
    return service_error(call.protocol, 400, "InvalidParameterValueException", problem)


def _package(params: Mapping[str, Any], _: Any) -> str | None:
    package = (params.get("Code") or params).get("ZipFile")
    if package is None:
        return None
    content = base64.b64decode(package) if isinstance(package, str) else package
    return None if zipfile.is_zipfile(io.BytesIO(content)) else _NO_ZIP


def _concurrency(params: Mapping[str, Any], _: Any) -> str | None:
    name = str(params["FunctionName"]).rpartition(":function:")[2]
    return _UNQUALIFIED_ONLY if ":" in name else None


def _publish(params: Mapping[str, Any], client: Any) -> str | None:
    wanted = params.get("CodeSha256")
    if not wanted:
        return None
    name = params["FunctionName"]
    current = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    if wanted == current:
        return None
    return (
        f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({current})."
        " Please try again with the CodeSHA256 in $LATEST."
    )


_CHECKS = {
    "CreateFunction": _package,
    "PublishVersion": _publish,
    "PutFunctionConcurrency": _concurrency,
    "UpdateFunctionCode": _package,
}
