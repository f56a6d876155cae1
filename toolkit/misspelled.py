"""Find attributes in an environment's object inputs that the module does not declare."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

from policies.attributes import Collection, Object, Unknown, declared, unknown
from toolkit.terraform import ROOT, TerraformError

_LOCAL = re.compile(r"\$\{local\.([\w-]+)\}")


def check(folder: Path) -> None:
    """Raise TerraformError, naming every misspelled attribute, if there is one in a root."""
    if found := [f"{file}: {text}" for file, text in misspelled(folder)]:
        raise TerraformError("\n".join(found))


def misspelled(folder: Path) -> Iterator[tuple[str, str]]:
    """Return the attributes that a root passes to a module which does not declare them."""
    roots = {path: _parsed(path) for path in sorted(folder.glob("*.tf"))}
    settings = {
        _plain(name): value
        for root in roots.values()
        for block in root.get("locals", ())
        for name, value in block.items()
    }
    for path, root in roots.items():
        for call in root.get("module", ()):
            ((name, arguments),) = call.items()
            for problem in _of_a_call(folder, arguments, settings):
                yield _shown(path), f'module "{_plain(name)}": {problem}'


def _of_a_call(
    folder: Path, arguments: dict[str, Any], settings: dict[str, Any]
) -> Iterator[Unknown]:
    module = folder / _plain(arguments.get("source", ""))
    files = sorted(module.glob("*.tf")) if module != folder else []
    types = declared("\n".join(file.read_text(encoding="utf-8") for file in files))
    for name, value in arguments.items():
        if name in types:
            yield from unknown(_resolved(value, types[name], settings), types[name], name)


def _resolved(value: Any, wanted: Object | Collection | None, settings: dict[str, Any]) -> Any:
    """Substitute the value of a local for its name; leave other expressions unchanged."""
    if isinstance(value, str) and (named := _LOCAL.fullmatch(value)):
        return settings.get(named[1])
    if isinstance(value, dict) and wanted is not None:
        return {
            key: _resolved(item, _inner(wanted, _plain(key)), settings)
            for key, item in value.items()
        }
    return value


def _inner(wanted: Object | Collection, key: str) -> Object | Collection | None:
    return wanted.of if isinstance(wanted, Collection) else wanted.attributes.get(key)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            return dict(hcl2.load(file))
    except Exception as error:  # Lark's errors have no common base of their own in hcl2
        raise TerraformError(f"{_shown(path)} cannot be read: {error}") from error


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _plain(text: Any) -> str:
    return str(text).strip('"')
