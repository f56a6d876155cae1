#!/usr/bin/env python3
"""Build the Lambda's zip: the same bytes from the same sources, on any day and any machine.

Each module stands beside its bytecode. `/var/task` cannot be written, so that without bytecode
every cold start compiles every module again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import json
import marshal
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "lambda" / "src"
# One list for AWS WAF and the function: Terraform reads it there, the zip carries it.
PATTERNS = ROOT / "modules" / "edge" / "prompt-injection-patterns.txt"
REQUIREMENTS = ROOT / "lambda" / "requirements.txt"
CACHE = ROOT / ".cache" / "wheels"
RUNTIME = (3, 12)  # modules/compute: python3.12
OUTPUT = ROOT / "build" / "chatbot.zip"
MAX_BYTES = 8_000_000
# Where Lambda unpacks the zip: what a traceback names.
TASK_ROOT = "/var/task"
# PEP 552: bytecode bound to the hash of its source (bit 0), which the import does not check (bit 1
# is unset). A date would make each build differ, and a check would read and hash every source.
UNCHECKED_HASH = (1).to_bytes(4, "little")
# Versions from 3 on mark what is referred to more than once in the process that writes, so that
# the same code gives other bytes after other imports.
MARSHAL_VERSION = 2

# Never imported on the path from the handler to Bedrock; the zip's own test proves it.
LEFT_OUT = (
    "*.data/*",  # command-line programs
    "*.pyi",
    "*/py.typed",
    "aws_lambda_powertools/event_handler/*",
    "aws_lambda_powertools/metrics/provider/datadog/*",
    "aws_lambda_powertools/utilities/[!j_]*/*",  # all but jmespath_utils and __init__.py
    "dateutil/zoneinfo/*.tar.gz",
    "urllib3/contrib/emscripten/*",
)
# Vulnerability scanners such as Amazon Inspector read METADATA; licences must travel along.
DIST_INFO_KEPT = ("METADATA", "LICENSE*", "LICENCE*", "NOTICE*", "licenses/*")
BOTOCORE_DATA_KEPT = (
    "_retry.json",
    "bedrock-runtime/*",
    "endpoints.json",
    "partitions.json",
    "sdk-default-configuration.json",
)
COMPILED = ("*.so", "*.so.*", "*.pyd", "*.dylib", "*.dll", "*.pyc")


class BuildError(Exception):
    """The zip cannot be built; the message says what to do."""


def build(
    *, sources: Path = SOURCES, requirements: Path = REQUIREMENTS, cache: Path = CACHE
) -> bytes:
    """Return the zip. Raises BuildError when it cannot be built, with what to do."""
    if sys.version_info[:2] != RUNTIME:
        raise BuildError(
            f"The function runs on Python {'.'.join(map(str, RUNTIME))}, and its bytecode is for "
            f"that version alone; this is {sys.version.split()[0]}. Build with `make build`."
        )
    files = dict(_own_files(sources))
    for wheel in wheels(requirements, cache):
        for name, content in _wheel_files(wheel):
            if files.setdefault(name, content) != content:
                raise BuildError(f"{wheel.name}: another file of the zip is called {name} as well.")
    compiled = [name for name in files if any(fnmatch(name, pattern) for pattern in COMPILED)]
    if compiled:
        raise BuildError(
            f"Pure Python only, but there is {compiled[0]}. Choose another dependency."
        )
    package = _zip(files | dict(_bytecode(files)))
    if len(package) > MAX_BYTES:
        raise BuildError(f"The zip has {len(package):,} bytes; {MAX_BYTES:,} are allowed.")
    return package


def wheels(requirements: Path, cache: Path) -> list[Path]:
    """Return the pinned wheels, downloaded once and checked against their hashes every time."""
    text = requirements.read_bytes().replace(b"\r\n", b"\n")
    pinned = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text.decode()))
    folder = cache / hashlib.sha256(text).hexdigest()[:16]
    if not folder.is_dir():
        _download(requirements, folder)
    found = sorted(folder.glob("*.whl"))
    for wheel in found:
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in pinned:
            raise BuildError(f"{wheel} is not what {requirements.name} pins. Delete {folder}.")
    wanted = len(re.findall(r"^[A-Za-z0-9].*==", text.decode(), re.MULTILINE))
    if len(found) != wanted:
        raise BuildError(f"{folder} has {len(found)} of {wanted} wheels. Delete it and try again.")
    return found


def _download(requirements: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        target = Path(scratch) / "wheels"
        # Platform "any" is the promise of pure Python: nothing that has to be compiled will match.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
        command += ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
        command += ["--python-version=3.12", f"--dest={target}", f"--requirement={requirements}"]
        if subprocess.run(command, check=False).returncode:
            raise BuildError("pip could not download the wheels; its message is above.")
        try:
            target.rename(folder)
        except OSError:  # another build was faster
            if not folder.is_dir():
                raise


def _own_files(sources: Path) -> list[tuple[str, bytes]]:
    # A checkout on Windows may have turned the line ends.
    files = {
        path.relative_to(sources).as_posix(): path
        for path in sources.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"chatbot/{PATTERNS.name}"] = PATTERNS
    return [(name, path.read_bytes().replace(b"\r\n", b"\n")) for name, path in files.items()]


def _wheel_files(wheel: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and _kept(name)]
        return [(name, _trimmed(name, archive.read(name))) for name in names]


def _kept(name: str) -> bool:
    if any(fnmatch(name, pattern) for pattern in LEFT_OUT):
        return False
    top, _, rest = name.partition("/")
    if top.endswith(".dist-info"):
        return any(fnmatch(rest, pattern) for pattern in DIST_INFO_KEPT)
    if name.startswith("botocore/data/"):
        data = name.removeprefix("botocore/data/")
        return any(fnmatch(data, pattern) for pattern in BOTOCORE_DATA_KEPT)
    return True


def _trimmed(name: str, content: bytes) -> bytes:
    """Take the other services out of botocore's list of endpoints, which is read at every start."""
    if name != "botocore/data/endpoints.json":
        return content
    endpoints = json.loads(content)
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {key: services[key] for key in services if key == "bedrock-runtime"}
    return json.dumps(endpoints, separators=(",", ":")).encode()


def _bytecode(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Compile each module for the Python that runs this program.

    All releases of Python 3.12 read it: the magic number of a minor version is fixed at its first
    release candidate. Another version skips it and compiles the source.
    """
    for name, source in files.items():
        if name.endswith(".py"):
            code = compile(source, f"{TASK_ROOT}/{name}", "exec", dont_inherit=True, optimize=0)
            yield (
                importlib.util.cache_from_source(name, optimization=""),
                importlib.util.MAGIC_NUMBER
                + UNCHECKED_HASH
                + importlib.util.source_hash(source)
                + marshal.dumps(code, MARSHAL_VERSION),
            )


def _zip(files: dict[str, bytes]) -> bytes:
    """Store, not deflate: every zlib packs a little differently, and then so would the hash be."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, so that the mode below is read
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def write(package: bytes, output: Path) -> None:
    """Replace `output` at once, so that nobody ever reads half a zip."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=output.parent, delete=False) as half:
        half.write(package)
    Path(half.name).chmod(0o644)
    Path(half.name).replace(output)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="the zip (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        package = build()
    except BuildError as error:
        print(f"build_lambda: {error}", file=sys.stderr)
        return 1
    write(package, options.output)
    digest = hashlib.sha256(package).hexdigest()
    if options.json:
        print(json.dumps({"path": str(options.output), "bytes": len(package), "sha256": digest}))
    else:
        shown = os.path.relpath(options.output)
        print(f"{shown}  {len(package):,} bytes  sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
