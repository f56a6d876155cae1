"""The emulator that recordings are replayed on, and the counts at the end of the run."""

import pytest

from tests.conformance.harness import ABSENT, DIFFERS, MATCHED, counts
from tests.emulator.conftest import emulator

__all__ = ["emulator"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many recorded answers of AWS the emulator gives."""
    if counts:
        said = ", ".join(f"{counts[each]} {each}" for each in (MATCHED, DIFFERS, ABSENT))
        terminalreporter.write_line(f"conformance with recorded answers of AWS: {said}")
