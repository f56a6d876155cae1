"""Identifiers of requests and records: unique, and no secrets.

Not from the operating system's random numbers: a call of it lets go of the interpreter's lock, for
which a busy emulator then queues, several times for each request.
"""

import random
import uuid

_numbers = random.Random()  # noqa: S311  # identifiers


def new_uuid() -> str:
    """Return a UUID, version 4."""
    return str(uuid.UUID(int=_numbers.getrandbits(128), version=4))


def new_bytes(count: int) -> bytes:
    """Return as many random bytes."""
    return _numbers.randbytes(count)
