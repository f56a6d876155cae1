"""How much of an environment a plan must look at: all, or the function alone.

Most of a plan is the web ACL, whose type is enormous. Where nothing but the function's package has
changed since an apply, a plan of the module that reads it finds every change there is.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

READER = "chatbot.compute"
"""Key of the only module that reads the package, in `.terraform/modules/modules.json`."""

# A root with resources or files of its own may read the package, or what no hash here knows.
_OWN = re.compile(r'^\s*(?:resource|data|ephemeral)\s+"|\b(?:file\w*|templatefile)\(', re.MULTILINE)


class Scope:
    """The configuration of a staged environment, compared with the one that was applied last."""

    def __init__(self, folder: Path) -> None:
        """Read the configuration as it is now, before an apply does."""
        self._applied = folder / "applied"
        self._now = _digest(folder)

    def options(self, tell: Callable[[str], None]) -> tuple[str, ...]:
        """Return what a plan needs that no drift and no apply that was cut short call for."""
        is_same = self._now and self._applied.is_file() and self._applied.read_text() == self._now
        if not is_same:
            return ("-refresh=false",)
        tell("nothing but the package can have changed: planning the function alone")
        target = ".".join(f"module.{name}" for name in READER.split("."))
        return ("-refresh=false", f"-target={target}")

    def keep(self) -> None:
        """Note that the configuration is applied now."""
        self._applied.write_text(self._now)


def _digest(folder: Path) -> str:
    """Return a hash of all that a plan reads but the package; "" where that is not known."""
    try:
        modules = json.loads((folder / ".terraform/modules/modules.json").read_text())["Modules"]
    except (OSError, ValueError, KeyError):
        return ""
    places = {module["Key"]: folder / module["Dir"] for module in modules if module["Key"]}
    roots = sorted(folder.glob("*.tf"))
    top = READER.partition(".")[0]
    is_chatbot = READER in places and all(key.split(".")[0] == top for key in places)
    if not is_chatbot or any(_OWN.search(root.read_text()) for root in roots):
        return ""
    digest = hashlib.sha256()
    for name, value in sorted(os.environ.items()):
        if name.startswith("TF_"):
            digest.update(f"{name}={value}\0".encode())
    inside = (file for place in places.values() for file in place.rglob("*") if file.is_file())
    for file in (*roots, *folder.glob(".terraform.lock.hcl"), *sorted(inside)):
        digest.update(f"{file}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()
