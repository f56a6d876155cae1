"""Build the function's zip: the same bytes from the same sources, on any day and any machine.

It holds our modules and the patterns; the rest is Python's standard library. Each module stands
beside its bytecode. `/var/task` cannot be written, so that without bytecode every cold start
compiles every module again.
"""

import ast
import importlib.util
import io
import marshal
import platform
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from toolkit.errors import ToolkitError
from toolkit.terraform import ROOT

SOURCES = ROOT / "lambda" / "src"
HANDLER = "chatbot.handler"  # modules/compute: the module of the function's handler
# One list for AWS WAF and the function: Terraform reads it there, the zip carries it.
PATTERNS = ROOT / "modules" / "edge" / "prompt-injection-patterns.txt"
RUNTIME = (3, 12)  # modules/compute: python3.12
OUTPUT = ROOT / "build" / "chatbot.zip"
MAX_BYTES = 500_000
# Where Lambda unpacks the zip: what a traceback names.
TASK_ROOT = "/var/task"
# PEP 552: bytecode bound to the hash of its source (bit 0), which the import does not check (bit 1
# is unset). A date would make each build differ, and a check would read and hash every source.
UNCHECKED_HASH = (1).to_bytes(4, "little")
# Versions from 3 on mark what is referred to more than once in the process that writes, so that
# the same code gives other bytes after other imports.
MARSHAL_VERSION = 2


def build(*, sources: Path = SOURCES) -> bytes:
    """Return the zip. Raises ToolkitError when it cannot be built, with what to do."""
    if sys.version_info[:2] != RUNTIME:
        raise ToolkitError(
            f"The function runs on Python {'.'.join(map(str, RUNTIME))}, and its bytecode is for "
            f"that version alone; this is {platform.python_version()}. Build with `make build`."
        )
    files = dict(_own_files(sources))
    try:
        reached = _reached(files)
    except SyntaxError as error:
        raise ToolkitError(
            f"{sources / str(error.filename)}:{error.lineno}: {error.msg}."
        ) from error
    for name in sorted(files.keys() - reached):
        raise ToolkitError(f"{sources / name} is no module that {HANDLER} imports. Take it away.")
    files[f"chatbot/{PATTERNS.name}"] = _read(PATTERNS)
    package = _zip(files | dict(_bytecode(files)))
    if len(package) > MAX_BYTES:
        raise ToolkitError(f"The zip has {len(package):,} bytes; {MAX_BYTES:,} are allowed.")
    return package


def _own_files(sources: Path) -> Iterator[tuple[str, bytes]]:
    for path in sources.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(sources).as_posix(), _read(path)


def _reached(files: dict[str, bytes]) -> set[str]:
    """Return the files of the handler's module and of all that it imports."""
    reached: set[str] = set()
    modules = [HANDLER]
    while modules:
        name = f"{modules.pop().replace('.', '/')}.py"
        if name not in files or name in reached:
            continue
        reached.add(name)
        for node in ast.walk(ast.parse(files[name], name)):
            if isinstance(node, ast.Import):
                modules += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules += [f"{node.module}", *(f"{node.module}.{one.name}" for one in node.names)]
    return reached


def _read(path: Path) -> bytes:
    # A checkout on Windows may have turned the line ends.
    return path.read_bytes().replace(b"\r\n", b"\n")


def _bytecode(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Compile each module for the Python that runs this program.

    All releases of Python 3.12 read it: the magic number of a minor version is fixed at its first
    release candidate. Another version skips it and compiles the source.
    """
    for name, source in files.items():
        if name.endswith(".py"):
            code = compile(source, f"{TASK_ROOT}/{name}", "exec", optimize=0)
            yield (
                _cache(name),
                importlib.util.MAGIC_NUMBER
                + UNCHECKED_HASH
                + importlib.util.source_hash(source)
                + marshal.dumps(code, MARSHAL_VERSION),
            )


def _cache(name: str) -> str:
    """Return where Python looks for a module's bytecode, whatever PYTHONPYCACHEPREFIX is here."""
    path = PurePosixPath(name)
    return str(path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc")


def _zip(files: dict[str, bytes]) -> bytes:
    """Return the zip, stored and not deflated: zlib versions differ, and so would the hash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # of 1980, whatever the file's date
            entry.create_system = 3  # Unix, so that the mode below is read
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def write(content: bytes, output: Path) -> None:
    """Replace `output` atomically, so that a reader never sees half a file."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=output.parent, delete=False) as half:
        half.write(content)
    Path(half.name).chmod(0o644)
    Path(half.name).replace(output)
