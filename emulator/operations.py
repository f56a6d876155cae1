"""Which operations of the control plane are served: those that a test shows to do what AWS does.

moto has thousands more, and what it answers is often unlike AWS: success where AWS refuses, or a
setting that is dropped. An answer that nobody has compared with AWS's is worse than none.
"""

import functools
import logging
import tomllib
from pathlib import Path

from emulator.wire.call import Call
from emulator.wire.errors import AwsError

LIST = Path(__file__).with_suffix(".toml")

_log = logging.getLogger("emulator")


@functools.cache
def served() -> frozenset[tuple[str, str]]:
    """Return the operations that are served, each as botocore's service and operation."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return frozenset((service, name) for service, names in listed.items() for name in names)


def check(call: Call) -> None:
    """Refuse an operation that is not served, and what is no operation. Raises AwsError with 501.

    501 and not 500: SDKs repeat a 500 for minutes, in vain.
    """
    if not call.operation:
        what = f"{call.method} {call.path}, which is no operation of AWS that it knows"
    elif (call.service, call.operation) in served():
        return
    else:
        what = (
            f"{call.service} {call.operation}: no test shows that what it would answer is what AWS"
            " answers"
        )
    message = (
        f"The emulator does not implement {what}. Ask a real account, or add the operation as"
        ' emulator/README.md says under "Operations".'
    )
    _log_once(message)
    raise AwsError(501, "InternalFailure", message)


@functools.cache
def _log_once(message: str) -> None:
    """Log once for each operation."""
    _log.warning(message)
