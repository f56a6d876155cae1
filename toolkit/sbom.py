"""The bill of materials of the function's zip, in CycloneDX JSON.

It is read from the zip, and the same for the same zip: it has no time, and the serial number comes
from the zip's hash. Our own files have no license entry: LICENSE is theirs.
"""

import hashlib
import io
import json
import os
import re
import tomllib
import uuid
import zipfile
from pathlib import Path
from typing import Any

from toolkit import package
from toolkit.terraform import ROOT

MADE_BY = ROOT / "scripts" / "build_confusables.py"  # names the package it reads, and its version
MADE = "chatbot/_confusables.py"


def packed(output: Path = package.OUTPUT) -> str:
    """Build the zip, write it and its bill of materials, and return its path, size and hash.

    Raises ToolkitError when it cannot be built, OSError when it cannot be written.
    """
    built = package.build()
    package.write(built, output)
    package.write(of(built).encode(), output.with_suffix(".cdx.json"))
    digest = hashlib.sha256(built).hexdigest()
    return f"{os.path.relpath(output)}  {len(built):,} bytes  sha256 {digest}"


def of(built: bytes) -> str:
    """Return the bill of materials of a zip that `toolkit.package.build` made."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with zipfile.ZipFile(io.BytesIO(built)) as archive:
        files = [
            {"type": "file", "bom-ref": name, "name": name, **_hashes(archive.read(name))}
            for name in archive.namelist()
        ]
    look_alikes, runtime = _look_alikes(), _runtime()
    subject = {
        "type": "application",
        "bom-ref": project["name"],
        "name": project["name"],
        "version": project["version"],
        **_hashes(built),
    }
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(built).hexdigest()).urn,
        "version": 1,
        "metadata": {"component": subject},
        "components": [*files, look_alikes, runtime],
        "dependencies": [
            {"ref": project["name"], "dependsOn": [one["bom-ref"] for one in (*files, runtime)]},
            {"ref": MADE, "dependsOn": [look_alikes["bom-ref"]]},
        ],
    }
    return json.dumps(bill, indent=2) + "\n"


def _hashes(content: bytes) -> dict[str, Any]:
    return {"hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]}


def _look_alikes() -> dict[str, Any]:
    """Return what the table of look-alikes was made from: the package's license and its data's."""
    named = re.search(r'dependencies = \["([\w-]+)==([\d.]+)"\]', MADE_BY.read_text())
    assert named is not None  # noqa: S101  # a program of this project
    purl = f"pkg:pypi/{named[1]}@{named[2]}"
    return {
        "type": "data",
        "bom-ref": purl,
        "name": named[1],
        "version": named[2],
        "description": f"Unicode's confusables.txt, from which {MADE} was made",
        "licenses": [{"expression": "MIT AND Unicode-3.0"}],
        "purl": purl,
    }


def _runtime() -> dict[str, Any]:
    version = ".".join(map(str, package.RUNTIME))
    return {
        "type": "platform",
        "bom-ref": f"python{version}",
        "name": "python",
        "version": version,
        "description": "AWS Lambda's managed runtime: not in the zip; its standard library is used",
        "licenses": [{"license": {"id": "PSF-2.0"}}],
    }
