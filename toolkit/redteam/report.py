"""A table by family of probes and layer, and the same for programs (JSON, JUnit)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from toolkit.redteam.verdicts import PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from toolkit.redteam.verdicts import Verdict


def share(verdicts: Sequence[Verdict]) -> float:
    """Return the share of probes that a layer stopped, in percent; 0 without a probe."""
    return 100 * sum(one.stopped for one in verdicts) / len(verdicts) if verdicts else 0.0


def table(verdicts: Sequence[Verdict]) -> str:
    """Return how many probes of each family each layer stopped."""
    layers = [layer for layer in PLACES if any(one.layer == layer for one in verdicts)]
    families = sorted({one.family for one in verdicts})
    width = max(map(len, ("family", *families, "all")))
    rows = [f"{'family':<{width}}  probes  stopped  " + "  ".join(f"{one:>9}" for one in layers)]
    for family in (*families, "all"):
        ours = [one for one in verdicts if family in {"all", one.family}]
        counts = Counter(one.layer for one in ours)
        cells = "  ".join(f"{counts[layer] or '':>9}" for layer in layers)
        rows.append(f"{family:<{width}}  {len(ours):>6}  {share(ours):>6.1f}%  {cells}".rstrip())
    return "\n".join(rows)


def write(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Write report.json and junit.xml. Neither holds a prompt or an answer."""
    document = {"stopped_percent": share(verdicts), "probes": [asdict(one) for one in verdicts]}
    (folder / "report.json").write_text(json.dumps(document, indent=1) + "\n")
    failures = sum(not one.stopped for one in verdicts)
    suite = ET.Element(
        "testsuite", name="redteam", tests=str(len(verdicts)), failures=str(failures)
    )
    for one in verdicts:
        case = ET.SubElement(suite, "testcase", classname=one.family, name=one.digest)
        if not one.stopped:
            said = f"{one.layer}: {one.what}; request {one.request_id or 'without an id'}"
            ET.SubElement(case, "failure", message=said)
    ET.ElementTree(suite).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
