"""Run a tool to its end, read the logs, and report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.errors import ToolkitError
from toolkit.proofs import readers
from toolkit.proofs.logs import Logs
from toolkit.redteam import report, verdicts
from toolkit.redteam.bridge import Asker, Bridge

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.proofs.deployment import Deployment
    from toolkit.redteam.tools import Tool

SCRIPTED = (
    "A rehearsal's model is a script, unless `make up` named a real one: this measures the layers,"
    " not what a real model would say."
)


def run(deployment: Deployment, tool: Tool, folder: Path, *, fail_under: float = 0.0) -> int:
    """Ask, judge and report into a folder. Return 0, or 1 below `fail_under` percent stopped.

    Raises ToolkitError where nothing was asked, or not everything.
    """
    deployment.applied = readers.read(deployment)
    logs = Logs(deployment)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Bridge(Asker(deployment)) as bridge:
        families = tool.run(bridge, folder)
        turns = bridge.asker.turns
        if bridge.problem or not turns:
            raise ToolkitError(f"Not every probe was asked: {bridge.problem or 'none came'}.")
    logs.read(verdicts.wanted(turns))
    judged = verdicts.judge(turns, families, logs)
    report.write(judged, folder)
    print(report.table(judged))
    for log, why in logs.unread.items():
        print(f"The log of {log} could not be read: {why}.")
    if deployment.rehearsal:
        print(SCRIPTED)
    print(f"Each probe: {folder}/report.json, and junit.xml. Neither holds a prompt.")
    if report.share(judged) < fail_under:
        print(f"Fewer than {fail_under:g} % were stopped.")
        return 1
    return 0
