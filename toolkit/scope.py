"""How much of an environment a plan must look at: all, or all but its web ACL.

Most of a plan is the web ACL, whose type is enormous. A plan of everything else finds every change
there is, unless what the web ACL's module is given changes. What leaves with the outputs follows
once requests can be answered.
"""

import contextlib
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.state import STATE

CHATBOT = "chatbot"
"""Key of the module that has all layers, in `.terraform/modules/modules.json`."""
EDGE = "chatbot.edge"
"""Key of the module with the web ACL."""

# A root with resources or files of its own may hold what no hash here knows.
_OWN = re.compile(r'^\s*(?:resource|data|ephemeral)\s+"|\b(?:file\w*|templatefile)\(', re.MULTILINE)
# A data source that asks AWS may read, by a name, what another module changes.
_PURE = "caller_identity|partition|region|(?:iam|cloudwatch_log_data_protection)_policy_document"
_ASKS = re.compile(rf'^\s*data\s+"(?!aws_(?:{_PURE})")', re.MULTILINE)
_HEREDOC = re.compile(r"<<-?(\w+)\n(.*?)^[ \t]*\1$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^[ \t]*(?:#.*)?\n", re.MULTILINE)
_ALIGNED = re.compile(r"^( *\w+) +=", re.MULTILINE)
# A block as `terraform fmt` leaves it. One of another form counts as changed when its text does.
_OUTER = (
    "action|check|data|ephemeral|import|list|locals|module|moved|output|provider|removed|resource"
    "|terraform|variable"
)
_BLOCK = re.compile(
    rf'^({_OUTER})((?: "[\w-]+")*) \{{'
    rf"(\}}|\n(?:(?![ \t]*(?:{_OUTER})\b[^=\n]*\{{)(?:[ \t].*)?\n)*\}})\n",
    re.MULTILINE,
)
# The arguments and inner blocks of a block, one by one; and those of an object in one of them.
_ENTRY = re.compile(r"^  (?=\w+(?: *=(?![=>])| (?:\"\w+\" )?\{))", re.MULTILINE)
_INNER = re.compile(r"^    (?=\w+ =(?![=>]))", re.MULTILINE)
_READ = re.compile(r"\b(local|var|module)\.(\w+)(?:\[[^\]\n]*\])?(?:\.(\w+))?")
Options = tuple[str, ...]
Texts = dict[str, str]
"""A module's key to text of it."""


@dataclass
class _Module:
    """What a module's files declare, each as its text."""

    entries: dict[str, str] = field(default_factory=dict)
    """`local.name`, `var.name` and `output.name`."""
    calls: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name of a module that it calls to the arguments."""
    resources: list[str] = field(default_factory=list)
    """Addresses of resources and data sources."""
    checks: str = ""
    moves: str = ""
    """What is read before any plan: moves, removals and versions."""
    other: str = ""
    """All the rest: providers, and what is not laid out as `terraform fmt` does."""

    def outputs(self, name: str = "") -> list[str]:
        """Return the output of a name, or all."""
        wanted = re.compile(rf"output\.{name or '.*'}")
        return [text for one, text in self.entries.items() if wanted.fullmatch(one)]


class Scope:
    """The configuration of a staged environment, compared with the one that was applied last."""

    def __init__(self, folder: Path) -> None:
        """Read the configuration as it is now, before an apply does."""
        self._folder = folder
        self._applied = folder / "applied"
        self._is_part = False  # Until `options` finds that a part will do.
        self._now, self._read, self._targets = _configuration(folder)
        self._then: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self._then = json.loads(self._applied.read_text())

    def options(self, tell: Callable[[str], None]) -> Options:
        """Return what a plan needs that no drift and no apply that was cut short call for."""
        self._is_part = bool(self._now) and self._now["fixed"] == self._then.get("fixed")
        if not self._is_part:
            return ("-refresh=false",)
        tell("planning all but the web ACL, which nothing has changed")
        return ("-refresh=false", *(f"-target={address}" for address in self._targets))

    def options_after(
        self, has_lost: bool, tell: Callable[[str], None], stands: Callable[[], None]
    ) -> Options | None:
        """Return what the plan needs that must follow an apply with `options`, None for no plan.

        `has_lost`: it replaced or removed something. A resource made anew, even with the same name
        and ARN, may have lost what the web ACL's module had attached to it, as a refresh shows.
        `stands` is called where only outputs are left, and requests are answered as they will be.
        """
        if not self._is_part:
            return None
        self._is_part = False
        now = self._now | _values(self._folder, self._read)
        same = {kind for kind, value in now.items() if value and value == self._then.get(kind)}
        if has_lost or "fixed values" not in same:
            tell("what was left out may have to follow: planning everything")
            return ()
        if same.issuperset(("shown", "shown values")):
            return None
        stands()
        tell("outputs may have to follow: planning everything")
        return ("-refresh=false",)

    def keep(self) -> None:
        """Note that the configuration is applied now."""
        self._applied.write_text(json.dumps(self._now | _values(self._folder, self._read)))


def _configuration(folder: Path) -> tuple[Texts, dict[str, Texts], list[str]]:
    """Return hashes of what a plan reads, the texts that read values, and the targets of a part.

    `fixed` is what must stay where a part is planned: what the web ACL's module is and is given,
    what refuses a plan, and what is not understood here. `shown` is what outputs and checks read.
    All are empty where in doubt.
    """
    try:
        listed = (folder / ".terraform/modules/modules.json").read_text()
        places = {one["Key"]: folder / one["Dir"] for one in json.loads(listed)["Modules"]}
    except (OSError, ValueError, KeyError):
        return {}, {}, []
    is_flat = all(re.fullmatch(rf"(?:{CHATBOT}(?:\.\w+)?)?", key) for key in places)
    if EDGE not in places or not is_flat or len(set(places.values())) < len(places):
        return {}, {}, []
    rest = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name[:3] == "TF_"]
    rest += [listed, *(_text(file) for file in folder.glob(".terraform.lock.hcl"))]
    modules = {}
    for key, place in places.items():
        text = "".join(_text(file) for file in sorted(place.glob("*.tf")))
        unknown = _OWN if not key else _ASKS if key in {CHATBOT, EDGE} else None
        if unknown and unknown.search(text):
            return {}, {}, []
        modules[key] = _declared(text)
        rest += [text if key == EDGE else modules[key].moves]
        rest += [f"{file}\n{_text(file)}" for file in _beside(place) if key]
    calls, edge = modules[CHATBOT].calls, EDGE.rpartition(".")[2]
    if edge not in calls:
        return {}, {}, []
    fixed = _followed(
        modules,
        "",
        *((key, one.other) for key, one in modules.items()),
        *((CHATBOT, argument) for argument in calls[edge].values()),
        *(
            (key, _parts(text, "precondition"))
            for key, one in modules.items()
            for text in one.outputs()
        ),
    )
    shown = _followed(
        modules,
        "(?!validation)",
        *((key, one.checks) for key, one in modules.items()),
        *(("", text) for text in modules[""].outputs()),
    )
    part = (*(f"module.{name}" for name in calls if name != edge), *modules[CHATBOT].resources)
    return (
        {"fixed": _hash(json.dumps([rest, fixed])), "shown": _hash(json.dumps(shown))},
        {"fixed": fixed, "shown": shown},
        [f"module.{CHATBOT}.{address}" for address in part],
    )


def _text(file: Path) -> str:
    """Return a file's text, each heredoc as one line."""
    text = file.read_bytes().decode("latin-1")  # Which takes any bytes.
    return _HEREDOC.sub(lambda found: json.dumps(found[2]), text) if file.suffix == ".tf" else text


def _beside(place: Path) -> list[Path]:
    """Return the files below a module's folder that its *.tf files may read."""
    files = (file for file in sorted(place.rglob("*")) if file.is_file())
    return [
        file
        for file in files
        if not re.search(r"^(?:\.|tests/)|/\.|\.md$|^[^/]*\.tf$", str(file.relative_to(place)))
    ]


def _declared(text: str) -> _Module:
    """Sort what a module's files declare."""
    module = _Module()

    def sort(block: re.Match[str]) -> str:
        kind, name = block[1], ".".join(re.findall(r"[\w-]+", block[2]))
        _, *listed = _ENTRY.split(block[3].removesuffix("}"))
        entries = {entry.split()[0]: entry for entry in listed}
        match kind:
            case "locals":
                module.entries |= {f"local.{one}": entry for one, entry in entries.items()}
            case "variable":
                module.entries[f"var.{name}"] = block[0]
            case "output":
                module.entries[f"output.{name}"] = block[0]
            case "module":
                module.calls[name] = entries
            case "resource":
                module.resources.append(name)
            case "data":
                module.resources.append(f"data.{name}")
            case "check":
                module.checks += block[0]
            case "moved" | "removed" | "terraform":
                module.moves += block[0]
            case _:
                return block[0]
        return ""

    module.other = _BLOCK.sub(sort, _ALIGNED.sub(r"\1 =", _COMMENT.sub("", text)))
    return module


def _parts(block: str, wanted: str) -> str:
    """Return those arguments and inner blocks of a block that begin with a pattern."""
    return "".join(part for part in _ENTRY.split(block) if re.match(wanted, part))


def _followed(modules: Mapping[str, _Module], wanted: str, *texts: tuple[str, str]) -> Texts:
    """Return the texts, each of the module with the key before it, and all that they read.

    `wanted`: how the arguments and inner blocks begin that count of a variable or a local value.
    """
    found: defaultdict[str, str] = defaultdict(str)
    left, seen = list(texts), set()
    while left:
        if (one := left.pop()) in seen:
            continue
        seen.add(one)
        key, text = one
        found[key] += text
        module = modules[key]
        for kind, name, attribute in _READ.findall(text):
            if kind == "module":
                child = modules.get(below := f"{key}.{name}".removeprefix("."), _Module())
                left += [(below, output) for output in child.outputs(attribute)]
                continue
            left.append((key, _parts(module.entries.get(f"{kind}.{name}", ""), wanted)))
            if kind == "var":
                parent, _, called = key.rpartition(".")
                argument = modules[parent].calls.get(called, {}).get(name, "")
                left.append((parent, _part(argument, attribute)))
    return dict(sorted(found.items()))


def _part(argument: str, name: str) -> str:
    """Return an attribute of an argument that is an object; otherwise the whole of it."""
    if not name or not re.fullmatch(r"\w+ = \{\n(?:    .*\n)*  \}\n", argument):
        return argument
    entries = _INNER.split(argument.removesuffix("  }\n"))
    return "".join(entry for entry in entries if entry.startswith(f"{name} "))


def _values(folder: Path, read: Mapping[str, Texts]) -> Texts:
    """Return hashes of the attributes that texts read; "" where they are not known."""
    try:
        resources = json.loads((folder / STATE).read_text())["resources"]
        return {
            f"{kind} values": _hash(json.dumps([_shown(one, texts) for one in resources]))
            for kind, texts in read.items()
        }
    except (OSError, ValueError, KeyError):
        return {f"{kind} values": "" for kind in read}


def _shown(resource: Mapping[str, Any], texts: Texts) -> list[object]:
    """Return the attributes of a resource that its module's text reads, instance by instance."""
    key = re.sub(r'\[(?:".*?"|\d+)\]|\bmodule\.', "", resource.get("module", ""))
    name = f"{resource['type']}.{resource['name']}"
    named = _names(texts.get(key, ""), name)
    shown: list[object] = []
    for instance in resource["instances"] if named else ():
        pairs = [pair for pair in sorted(instance["attributes"].items()) if {"", pair[0]} & named]
        shown.append([key, resource["mode"], name, instance.get("index_key"), pairs])
    return shown


def _names(text: str, name: str) -> set[str]:
    """Return the attributes that a text reads of what is named, with "" if it reads all of them."""
    return set(re.findall(rf"\b{re.escape(name)}\b(?:\[[^\]\n]*\])?(?:\.(\w+))?", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
