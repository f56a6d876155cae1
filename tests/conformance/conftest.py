"""The emulator that recordings are replayed on, and the counts at the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.harness import ABSENT, DIFFERS, MATCHED, counts
from tests.emulator.conftest import emulator

if TYPE_CHECKING:
    import pytest

__all__ = ["emulator"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many recorded answers of AWS the emulator gives."""
    if counts:
        said = ", ".join(f"{counts[each]} {each}" for each in (MATCHED, DIFFERS, ABSENT))
        terminalreporter.write_line(f"conformance with recorded answers of AWS: {said}")
