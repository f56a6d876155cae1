"""How moto is changed: its files are never edited, and each change says its reason."""

import functools
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from moto.core.common_models import BaseModel

Moto = Callable[..., Any]
"""A function of moto's that a change gets in order to call it, whatever it takes and returns."""

_changes: list[Callable[[], None]] = []


def patch(owner: object, name: str) -> Callable[[Moto], Moto]:
    """Replace `owner.name` by a function that gets the original as its first argument."""

    def register(replacement: Moto) -> Moto:
        def put_in_place() -> None:
            original = getattr(owner, name)

            @functools.wraps(original)
            def patched(*args: object, **kwargs: object) -> object:
                return replacement(original, *args, **kwargs)

            setattr(owner, name, patched)

        _changes.append(put_in_place)
        return replacement

    return register


def add(owner: object, name: str) -> Callable[[Moto], Moto]:
    """Add an operation that moto lacks, or replace one that is wrong throughout."""

    def register(operation: Moto) -> Moto:
        _changes.append(lambda: setattr(owner, name, operation))
        return operation

    return register


@functools.cache
def apply() -> None:
    """Put every change in place, once in a process."""
    # For its dashboard moto lists every object that it ever made, each log event among them: memory
    # would grow with every request.
    BaseModel.__new__ = lambda cls, *_, **__: object.__new__(cls)
    here = Path(__file__).parent
    for file in (*sorted(here.glob("*/patches.py")), here / "logs" / "queries.py"):
        import_module(f"emulator.{file.parent.name}.{file.stem}")
    for put_in_place in _changes:
        put_in_place()
