"""Changes to moto 5.2.5, each with its reason. moto's files are never edited."""

import functools


@functools.cache
def apply() -> None:
    """Apply every patch, once in a process."""
