"""How much of an environment a plan must look at: all, or the modules that can have changed.

Most of a plan is the web ACL, whose type is enormous. After a change of the function's package, or
of resources of PARTS, a plan of those modules finds every change there is, unless what the rest of
the configuration reads from them has another value then.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from toolkit.state import STATE

READER = "chatbot.compute"
"""Key of the only module that reads the package, in `.terraform/modules/modules.json`."""

# Not edge, which is the web ACL; nor guardrail and api, most of whose changes make a version or a
# deployment, so that everything would be planned after all.
PARTS = (READER, "chatbot.governance")

# A root with resources or files of its own may read the package, or what no hash here knows.
_OWN = re.compile(r'^\s*(?:resource|data|ephemeral)\s+"|\b(?:file\w*|templatefile)\(', re.MULTILINE)
# A data source that asks AWS may read, by a name, what another module changes.
_PURE = "caller_identity|partition|region|(?:iam|cloudwatch_log_data_protection)_policy_document"
_ASKS = re.compile(rf'^\s*data\s+"(?!aws_(?:{_PURE})")', re.MULTILINE)
# The body of a block as `terraform fmt` leaves it. A block of another form is no resource's here.
_OUTER = (
    "action|check|data|ephemeral|import|list|locals|module|moved|output|provider|removed|resource"
    "|terraform|variable"
)
_BODY = rf" \{{(?:\}}|\n(?:(?![ \t]*(?:{_OUTER})\b[^=\n]*\{{)(?:[ \t].*)?\n)*\}})\n"
_RESOURCE = re.compile(rf'^(?:resource|data) "\w+" "\w+"{_BODY}', re.MULTILINE)
# Its values, one by one; not those of a block with a heredoc, whose lines may look like them.
_LOCALS = re.compile(rf"^locals(?!(?:.*\n(?!\}}))*.*<<){_BODY}", re.MULTILINE)
_ENTRY = re.compile(r"^  (\w+) *=(?![=>])", re.MULTILINE)
# What no value leaves a module through, and its outputs.
_CLOSED = re.compile(
    rf'^(?:(?:check|moved|variable)(?: "\w+")?|output "(\w+)"){_BODY}', re.MULTILINE
)
Options = tuple[str, ...]


class Scope:
    """The configuration of a staged environment, compared with the one that was applied last."""

    def __init__(self, folder: Path) -> None:
        """Read the configuration as it is now, before an apply does."""
        self._folder = folder
        self._applied = folder / "applied"
        self._now, self._leaving = _configuration(folder)
        self._then: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self._then = json.loads(self._applied.read_text())
        self._parts: set[str] = set()

    def options(self, tell: Callable[[str], None]) -> Options:
        """Return what a plan needs that no drift and no apply that was cut short call for."""
        changed = {key for key in self._now if self._now[key] != self._then.get(key)}
        if not self._now or not changed <= set(PARTS):
            return ("-refresh=false",)
        self._parts = changed
        keys = sorted({READER, *changed})
        tell(f"planning {' and '.join(keys)} alone: nothing else can have changed")
        return ("-refresh=false", *(f"-target={_address(key)}" for key in keys))

    def options_after(self, only_updates: bool, tell: Callable[[str], None]) -> Options | None:
        """Return what the plan needs that must follow an apply with `options`, None for no plan.

        `only_updates`: it made and removed nothing. A resource made anew, even with the same name
        and ARN, may have lost what another module had attached to it, as a refresh shows.
        """
        values = _values(self._folder, self._leaving)
        is_settled = only_updates and values and values == self._then.get("values")
        if not self._parts or is_settled:
            return None
        self._parts = set()
        tell("other modules may have to follow: planning everything")
        return ()

    def keep(self) -> None:
        """Note that the configuration is applied now."""
        values = {"values": _values(self._folder, self._leaving)} if self._now else {}
        self._applied.write_text(json.dumps(self._now | values))


def _address(key: str) -> str:
    return ".".join(f"module.{name}" for name in key.split("."))


def _configuration(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return hashes of all that a plan reads but the package, and what others may read of PARTS.

    The hashes: of what stays inside each of PARTS, and of the rest. What others may read: address
    of a module to the text that values leave it through. Both are empty where in doubt.
    """
    try:
        modules = json.loads((folder / ".terraform/modules/modules.json").read_text())["Modules"]
    except (OSError, ValueError, KeyError):
        return {}, {}
    places = {module["Key"]: folder / module["Dir"] for module in modules if module["Key"]}
    parts = {places.get(key, folder): key for key in PARTS}
    is_flat = all(re.fullmatch(r"chatbot(?:\.\w+)?", key) for key in places)
    if folder in parts or not is_flat or len(set(places.values())) < len(places):
        return {}, {}
    inside = (file for place in places.values() for file in place.rglob("*") if file.is_file())
    files = (*sorted(folder.glob("*.tf")), *folder.glob(".terraform.lock.hcl"), *sorted(inside))
    rest = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name[:3] == "TF_"]
    texts = dict.fromkeys(("", *PARTS), "")
    for file in files:
        content = file.read_bytes().decode("latin-1")  # Which takes any bytes.
        key = parts.get(file.parent, "")
        asks = key != READER and _ASKS.search(content)
        if file.suffix != ".tf":
            rest += [str(file), content]
        elif asks or (file.parent == folder and _OWN.search(content)):
            return {}, {}
        else:
            texts[key] += f"{content}\n"
    rest.append(texts[""])
    hashes, leaving = {}, {}
    for key in PARTS:
        read = _names(texts[""], f"module.{key.rpartition('.')[2]}")
        stays, outside, leaving[_address(key)] = _split(texts[key], read)
        hashes[key] = _hash(stays)
        rest.append(outside)
    return {"rest": _hash("\0".join(rest)), **hashes}, leaving


def _split(text: str, read: set[str]) -> tuple[str, str, str]:
    """Return of a module's text what stays in it, what does not, and what values leave through.

    `read`: the outputs that others read, with "" if they read the whole module.
    """
    resources = [block[0] for block in _RESOURCE.finditer(text)]
    outside = _RESOURCE.sub("", text)
    local: dict[str, str] = {}
    for block in _LOCALS.finditer(outside):
        entries = _ENTRY.split(block[0])
        local |= zip(entries[1::2], entries[2::2], strict=True)
    outside = _LOCALS.sub("", outside)
    leaving = _CLOSED.sub(
        lambda block: block[0] if block[1] and {"", block[1]} & read else "", outside
    )
    while named := set(re.findall(r"\blocal\.(\w+)", leaving)) & set(local):
        more = "".join(f"{name} ={local.pop(name)}" for name in sorted(named))
        outside, leaving = outside + more, leaving + more
    return json.dumps([resources, local]), outside, leaving


def _values(folder: Path, leaving: dict[str, str]) -> str:
    """Return a hash of the attributes that others may read; "" where they are not known."""
    values = []
    try:
        for resource in json.loads((folder / STATE).read_text())["resources"]:
            module, name = resource.get("module", ""), f"{resource['type']}.{resource['name']}"
            text = "\n".join(text for place, text in leaving.items() if module.startswith(place))
            named = _names(text, name)
            for instance in resource["instances"] if named else ():
                shown = sorted(instance["attributes"].items())
                shown = [pair for pair in shown if {"", pair[0]} & named]
                values.append([module, resource["mode"], name, instance.get("index_key"), shown])
    except (OSError, ValueError, KeyError):
        return ""
    return _hash(json.dumps(values))


def _names(text: str, name: str) -> set[str]:
    """Return the attributes that a text reads of what is named, with "" if it reads all of them."""
    return set(re.findall(rf"\b{re.escape(name)}\b(?:\[[^\]\n]*\])?(?:\.(\w+))?", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
