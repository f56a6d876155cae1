"""What an API request asks of IAM, and what its maker is told."""

from dataclasses import replace

from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.errors import AwsError, render
from emulator.wire.http import HttpRequest, HttpResponse
from emulator.wire.operations import recognize


def asked(authorizer: Authorizer, request: HttpRequest) -> tuple[str, list[str]] | None:
    """Return the first action of a request and its resources; None where it is no operation."""
    call = recognize(request)
    if not call.operation:
        return None
    first = authorizer.targets(call)[0]
    return first.action, list(first.resources)


def authenticated(authorizer: Authorizer, request: HttpRequest) -> Call:
    """Return the call of a request with its principal. Raises CallerError."""
    call = recognize(request)
    return replace(call, principal=authorizer.authenticate(call.credential))


def refused(authorizer: Authorizer, request: HttpRequest) -> HttpResponse | None:
    """Return what the maker of a request is told; None where it may go on."""
    try:
        authorizer.check(authenticated(authorizer, request))
    except AwsError as error:
        return render(error, recognize(request).protocol, head=request.method == "HEAD")
    return None
