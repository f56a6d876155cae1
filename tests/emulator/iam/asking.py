"""What an API request asks of IAM, and the refusal, if any."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.errors import AwsError, render
from emulator.wire.http import HttpRequest, HttpResponse
from emulator.wire.operations import recognize
from tests.emulator.fake_account import answered


def asked(authorizer: Authorizer, request: HttpRequest) -> tuple[str, list[str]] | None:
    """Return the first action of a request and its resources, `?` where they are unknown.

    Return None where it is no operation.
    """
    call = recognize(request)
    if not call.operation:
        return None
    first = authorizer.permissions(call)[0]
    return first.action, ["?"] if first.unknown else list(first.resources)


def authenticated(authorizer: Authorizer, request: HttpRequest) -> Call:
    """Return the call of a request with its principal. Raises CallerError."""
    call = recognize(request)
    return replace(call, principal=authorizer.identify(call))


def refused(authorizer: Authorizer, request: HttpRequest) -> HttpResponse | None:
    """Return the refusal of a request; None where it is allowed."""
    try:
        authorizer.check(authenticated(authorizer, request))
    except AwsError as error:
        return render(error, recognize(request).protocol, head=request.method == "HEAD")
    return None


def parsed(answer: HttpResponse | None, service: str, operation: str, **given: Any) -> ClientError:
    """Return the error that the SDK makes of the answer."""
    assert answer is not None
    with pytest.raises(ClientError) as error:
        answered(service, operation, answer, **given)
    return error.value


def error_code(answer: HttpResponse | None, service: str, operation: str, **given: Any) -> str:
    return str(parsed(answer, service, operation, **given).response["Error"]["Code"])
