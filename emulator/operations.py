"""Which operations of the control plane are served: those that a test shows to do what AWS does.

moto has thousands more, and what it answers is often unlike AWS: success where AWS refuses, or a
setting that is dropped. An answer that nobody has compared with AWS's is worse than none.
"""

import functools
import logging
import tomllib
from pathlib import Path

from emulator.iam.requests import ApiCall
from emulator.wire.errors import WireProtocol, service_error
from emulator.wire.http import HttpRequest, HttpResponse

LIST = Path(__file__).with_suffix(".toml")

_log = logging.getLogger("emulator")


@functools.cache
def served() -> frozenset[tuple[str, str]]:
    """Return the operations that are served, each as botocore's service and operation."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return frozenset((service, name) for service, names in listed.items() for name in names)


def unimplemented(call: ApiCall | None, request: HttpRequest) -> HttpResponse | None:
    """Return 501, in the caller's protocol, for an operation that is not served; None for others.

    `call` is None for a request that is no operation that the emulator can tell. 501 and not 500:
    SDKs repeat a 500 for minutes, in vain.
    """
    if call is None:
        what = f"{request.method} {request.path}, which it cannot tell as an operation of AWS"
    elif (call.service, call.operation) in served():
        return None
    else:
        what = (
            f"{call.service} {call.operation}: no test shows that what it would answer is what AWS"
            " answers"
        )
    message = (
        f"The emulator does not implement {what}. Ask a real account, or add the operation as"
        ' emulator/README.md says under "Operations".'
    )
    _tell(message)
    return service_error(_protocol(call, request), 501, "InternalFailure", message)


def _protocol(call: ApiCall | None, request: HttpRequest) -> WireProtocol:
    if call is not None:
        return call.protocol
    return "json" if request.header("x-amz-target") else "rest-json"


@functools.cache
def _tell(message: str) -> None:
    """Log once for each operation."""
    _log.warning(message)
