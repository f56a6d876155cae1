"""How changes to moto are put in place. moto's files are never edited."""

import functools
from collections.abc import Callable
from typing import Any

_patches: list[Callable[[], None]] = []


def patch(owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace `owner.name` by a function that gets the original as its first argument."""

    def register(replacement: Callable[..., Any]) -> Callable[..., Any]:
        def put_in_place() -> None:
            original = getattr(owner, name)

            @functools.wraps(original)
            def patched(*args: Any, **kwargs: Any) -> Any:
                return replacement(original, *args, **kwargs)

            setattr(owner, name, patched)

        _patches.append(put_in_place)
        return replacement

    return register


@functools.cache
def apply() -> None:
    """Put every patch in place, once in a process."""
    for put_in_place in _patches:
        put_in_place()


def add(owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an operation that moto lacks."""

    def register(operation: Callable[..., Any]) -> Callable[..., Any]:
        _patches.append(lambda: setattr(owner, name, operation))
        return operation

    return register
