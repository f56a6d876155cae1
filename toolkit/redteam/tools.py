"""The tools: what each is configured with, how it is run, and which probes it asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toolkit.errors import ToolkitError
from toolkit.proofs.data import load
from toolkit.proofs.kinds import Request
from toolkit.redteam.bridge import MODEL, Bridge, digest
from toolkit.terraform import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROMPTFOO = "0.121.20"
GARAK = "0.17.1"
GARAK_PROBES = (
    "dan.DanInTheWild",
    "encoding.InjectBase64",
    "encoding.InjectHex",
    "encoding.InjectROT13",
    "encoding.InjectUnicodeTagChars",
    "latentinjection.LatentInjectionResume",
    "promptinject.HijackHateHumans",
    "promptinject.HijackLongPrompt",
)
"""Probes whose detectors look for strings: others load a model first."""
GARAK_PROMPTS = 25
"""Prompts of each probe: all of them together stay within the quota of a month."""

BESIDE = ("path", "headers", "spaces", "gzip", "each", "not_on_aws")
"""What a proof may have beside its message, and no tool sends."""

type Families = dict[str, str]
"""Digest of a prompt -> family of probes."""


@dataclass(frozen=True)
class Probe:
    """A prompt and its family."""

    family: str
    prompt: str


class Tool(Protocol):
    def run(self, bridge: Bridge, folder: Path) -> Families:
        """Ask all probes by the bridge, and return their families. Raises ToolkitError."""
        ...


class Lines:
    """Asks the prompts of a file of JSON lines, one after the other, without any tool."""

    def __init__(self, probes: list[Probe]) -> None:
        self._probes = probes

    def run(self, bridge: Bridge, folder: Path) -> Families:  # noqa: ARG002 - as the others have it
        for probe in self._probes:
            status, text = bridge.answer(probe.prompt)
            if status != 200:
                raise ToolkitError(f"The run ends here: {text}.")
        return _families(self._probes)


class Promptfoo:
    """promptfoo (npm), in an environment of its own: each prompt is a test that wants a refusal."""

    def __init__(self, probes: list[Probe]) -> None:
        self._probes = probes

    def config(self, bridge: Bridge) -> Mapping[str, object]:
        """Return the content of promptfooconfig.json."""
        return {
            "prompts": ["{{prompt}}"],
            "providers": [
                {
                    "id": f"openai:chat:{MODEL}",
                    "config": {"apiBaseUrl": bridge.url, "apiKeyEnvar": "CHATBOT_BRIDGE_TOKEN"},
                }
            ],
            "defaultTest": {"assert": [{"type": "is-refusal"}]},
            "tests": [
                # promptfoo fills in templates: a prompt of an attack is none.
                {
                    "vars": {"prompt": f"{{% raw %}}{one.prompt}{{% endraw %}}"},
                    "description": one.family,
                }
                for one in self._probes
            ],
        }

    def run(self, bridge: Bridge, folder: Path) -> Families:
        """Install promptfoo, and evaluate."""
        home = CACHE / "promptfoo" / PROMPTFOO
        program = home / "node_modules" / ".bin" / "promptfoo"
        if not program.exists():
            _needs("npm", "Install Node.js 20 or later.")
            _run(
                *("npm", "install", "--no-audit", "--no-fund", "--no-package-lock"),
                *("--prefix", str(home), f"promptfoo@{PROMPTFOO}"),
            )
        config = folder / "promptfooconfig.json"
        config.write_text(json.dumps(self.config(bridge), indent=1))
        _run(
            *(str(program), "eval", "--config", str(config), "--no-cache", "--no-table"),
            *("--max-concurrency", "1", "--output", str(folder / "promptfoo.json")),
            # 100: some tests failed, which is what is being measured.
            ok=(0, 100),
            CHATBOT_BRIDGE_TOKEN=bridge.token,
            PROMPTFOO_CONFIG_DIR=str(folder),
            PROMPTFOO_DISABLE_TELEMETRY="1",
            PROMPTFOO_DISABLE_UPDATE="1",
            PROMPTFOO_DISABLE_REMOTE_GENERATION="1",
            PROMPTFOO_SELF_HOSTED="1",
        )
        return _families(self._probes)


class Garak:
    """garak (PyPI), which brings its own probes; installed by whoever wants it, for its size."""

    def config(self, bridge: Bridge, folder: Path) -> Mapping[str, object]:
        """Return the content of garak.json."""
        return {
            "run": {
                "generations": 1,
                "soft_probe_prompt_cap": GARAK_PROMPTS,
                "spec": {"include": [f"probes.{probe}" for probe in GARAK_PROBES]},
            },
            "plugins": {
                "target_type": "openai.OpenAICompatible",
                "target_name": MODEL,
                "extended_detectors": False,
                "generators": {"openai": {"OpenAICompatible": {"uri": bridge.url}}},
            },
            "reporting": {"report_dir": str(folder), "report_prefix": "garak"},
        }

    def run(self, bridge: Bridge, folder: Path) -> Families:
        """Run garak's probes, and read from its report which they were."""
        _needs("garak", f"Install it in an environment of its own: pip install garak=={GARAK}")
        config = folder / "garak.json"
        config.write_text(json.dumps(self.config(bridge, folder), indent=1))
        _run("garak", "--config", str(config), OPENAICOMPATIBLE_API_KEY=bridge.token)
        return dict(_garak_families(folder / "garak.report.jsonl"))


def read_lines(path: Path) -> list[Probe]:
    """Read JSON lines: `prompt` or `text`, and `family` or `kind`. Raises ToolkitError."""
    probes = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            found = json.loads(line)
            prompt = found.get("prompt", found.get("text"))
        except (AttributeError, RecursionError, ValueError):
            prompt = None
        if not isinstance(prompt, str) or not prompt:
            raise ToolkitError(
                f'{path}:{number}: each line is a JSON object with a "prompt", and a "family".'
            )
        probes.append(Probe(str(found.get("family", found.get("kind", "probe"))), prompt))
    return probes


def of_proofs() -> list[Probe]:
    """Return what our own proofs ask and expect to be stopped: a first set of probes."""
    requests = [
        proof for control in load() for proof in control.proofs if isinstance(proof, Request)
    ]
    return [
        Probe(one.control, text)
        for one in requests
        if one.stopped_by in {"edge", "compute", "guardrail"} and one.via == "api" and one.message
        if not any(getattr(one, name) for name in BESIDE)
        and one.content_type == Request.content_type
        and not one.finding.endswith(".ANONYMIZED")
        if (text := one.text)
    ]


def _garak_families(report: Path) -> Iterator[tuple[str, str]]:
    for line in report.read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry.get("entry_type") == "attempt":
            prompt = entry.get("prompt")
            turns = prompt.get("turns", []) if isinstance(prompt, dict) else []
            text = turns[-1]["content"]["text"] if turns else prompt
            yield digest(str(text)), str(entry.get("probe_classname", "garak"))


def _families(probes: list[Probe]) -> Families:
    return {digest(one.prompt): one.family for one in probes}


def _needs(program: str, way: str) -> None:
    if not shutil.which(program):
        raise ToolkitError(f"{program} is not on PATH. {way}")


def _run(*command: str, ok: tuple[int, ...] = (0,), **env: str) -> None:
    done = subprocess.run(command, env={**os.environ, **env}, check=False)
    if done.returncode not in ok:
        raise ToolkitError(f"{command[0]} ended with exit code {done.returncode}; see above.")
