"""The zip: the same bytes everywhere, nothing in it that is not needed, and it runs."""

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import build_lambda
from tests.unit.chatbot.conftest import ENVIRONMENT
from toolkit import package as packaging
from toolkit import sbom
from toolkit.errors import ToolkitError
from toolkit.terraform import ROOT


@pytest.fixture(scope="module")
def package() -> bytes:
    return packaging.build()


@pytest.fixture(scope="module")
def names(package: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(package)).namelist()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The sources of a build of one module."""
    sources = tmp_path / "src"
    (sources / "chatbot").mkdir(parents=True)
    (sources / "chatbot" / "handler.py").write_bytes(b"X = 1\nY = 2\n")
    return sources


def test_builds_the_same_bytes_wherever_and_whenever(
    package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "another place"
    shutil.copytree(packaging.SOURCES, elsewhere)
    (elsewhere / "chatbot" / "__pycache__").mkdir(exist_ok=True)
    (elsewhere / "chatbot" / "__pycache__" / "handler.cpython-312.pyc").write_bytes(b"stale")
    for path in elsewhere.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        path.chmod(0o600)
        os.utime(path, (2_000_000_000, 2_000_000_000))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    before = os.umask(0o077)
    try:
        again = packaging.build(sources=elsewhere)
    finally:
        os.umask(before)
    assert hashlib.sha256(again).hexdigest() == hashlib.sha256(package).hexdigest()


def test_bytecode_is_the_same_in_every_process(tmp_path: Path) -> None:
    """What a process has imported, how it hashes and where its bytecode is kept leaves no trace."""
    digests = set()
    own = {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    for seed, imports, more in (
        ("0", "json", {}),
        ("1", "moto.core", {}),
        ("2", "json", own),
        ("3", "json", {"PYTHONOPTIMIZE": "2"}),
    ):
        output = tmp_path / f"{seed}.zip"
        program = f"import sys, {imports}; from scripts import build_lambda; build_lambda.main()"
        subprocess.run(
            [sys.executable, "-c", program, f"--output={output}"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, **more},
            capture_output=True,
            check=True,
        )
        digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_every_module_has_bytecode_of_its_own_source(
    monkeypatch: pytest.MonkeyPatch, package: bytes, names: list[str]
) -> None:
    monkeypatch.setattr("sys.pycache_prefix", None)  # where they are on AWS
    modules = [name for name in names if name.endswith(".py")]
    compiled = {name for name in names if name.endswith(".pyc")}
    assert compiled == {importlib.util.cache_from_source(name) for name in modules}
    with zipfile.ZipFile(io.BytesIO(package)) as content:
        for name in modules:
            bytecode = content.read(importlib.util.cache_from_source(name))
            assert bytecode[:4] == importlib.util.MAGIC_NUMBER
            # PEP 552: a hash that the import does not check, so that no date can be wrong.
            assert int.from_bytes(bytecode[4:8], "little") == 0b01
            assert bytecode[8:16] == importlib.util.source_hash(content.read(name))


def test_refuses_to_build_with_another_python(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(ToolkitError, match=r"runs on Python 3\.12"):
        packaging.build(sources=tiny)


def test_a_changed_source_changes_the_bytes(tiny: Path) -> None:
    before = packaging.build(sources=tiny)
    assert packaging.build(sources=tiny) == before
    (tiny / "chatbot" / "handler.py").write_bytes(b"X = 1\nY = 3\n")
    assert packaging.build(sources=tiny) != before


def test_entries_are_sorted_stored_and_without_a_date_or_an_owner(package: bytes) -> None:
    entries = zipfile.ZipFile(io.BytesIO(package)).infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.create_system for entry in entries} == {3}


def test_holds_our_modules_and_nothing_of_anybody_else(package: bytes, names: list[str]) -> None:
    assert len(package) <= packaging.MAX_BYTES
    assert {name.partition("/")[0] for name in names} == {"chatbot"}
    modules = {path.name for path in (packaging.SOURCES / "chatbot").glob("*.py")}
    plain = {name.rpartition("/")[2] for name in names if "__pycache__" not in name}
    assert plain == modules | {packaging.PATTERNS.name}


def test_carries_the_patterns_of_the_edge(package: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as content:
        assert (
            content.read("chatbot/prompt-injection-patterns.txt") == packaging.PATTERNS.read_bytes()
        )


def test_runs_from_the_zip_alone(package: bytes, tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(package)).extractall(tmp_path)
    program = textwrap.dedent(f"""
        import json, logging, sys
        sys.path.insert(0, {str(tmp_path)!r})
        compiled = []
        def note(event, arguments):
            if event == "compile" and str(arguments[1]).startswith({str(tmp_path)!r}):
                compiled.append(str(arguments[1]))
        sys.addaudithook(note)
        from chatbot.handler import lambda_handler
        class Context:
            aws_request_id = "id"
            def get_remaining_time_in_millis(self):
                return 1_500
        answers = [lambda_handler(event, Context()) for event in ({{"message": "hi"}}, {{}})]
        print(json.dumps([answer["statusCode"] for answer in answers]), file=sys.stderr)
        print(json.dumps(compiled), file=sys.stderr)
        homes = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
        print(json.dumps([home for home in homes if "site-packages" in home]), file=sys.stderr)
    """)
    # -I and -S: nothing but the standard library beside the zip.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    statuses, compiled, strangers = [json.loads(line) for line in done.stderr.splitlines()]
    # Nobody listens at that endpoint, and the second event has no message.
    assert statuses == [503, 400]
    # Each module came from its bytecode.
    assert compiled == []
    assert strangers == []


@pytest.mark.parametrize(
    "name",
    [
        *("sitecustomize.py", ".env", ".DS_Store", "stale.pyc"),
        *("chatbot/.handler.py.swp", "chatbot/handler (copy).py", "chatbot/notes.py"),
        "chatbot/fast.cpython-312-x86_64-linux-gnu.so",
    ],
)
def test_refuses_what_the_handler_does_not_import_and_names_it(tiny: Path, name: str) -> None:
    for module in ("named", "taken"):
        (tiny / "chatbot" / f"{module}.py").touch()
    handler = tiny / "chatbot" / "handler.py"
    handler.write_text("import json\nfrom chatbot import named\nfrom chatbot.taken import X\n")
    assert packaging.build(sources=tiny)
    (tiny / name).write_bytes(b"")
    with pytest.raises(ToolkitError, match=re.escape(f"{tiny / name} is no module")):
        packaging.build(sources=tiny)


def test_a_slip_in_a_module_is_reported_with_its_place(tiny: Path) -> None:
    (tiny / "chatbot" / "handler.py").write_bytes(b"X = 1\ndef\n")
    with pytest.raises(ToolkitError, match=r"src/chatbot/handler\.py:2: invalid syntax"):
        packaging.build(sources=tiny)


def test_refuses_a_zip_that_is_too_big(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(packaging.build(sources=tiny))
    monkeypatch.setattr(packaging, "MAX_BYTES", size)
    assert packaging.build(sources=tiny)
    monkeypatch.setattr(packaging, "MAX_BYTES", size - 1)
    with pytest.raises(ToolkitError, match="are allowed"):
        packaging.build(sources=tiny)


def test_prints_size_and_hash_and_writes_a_file_that_terraform_can_read(
    package: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "deep" / "down" / "chatbot.zip"
    packaging.write(b"an older one", output)
    assert build_lambda.main(["--output", str(output)]) == 0
    printed = capsys.readouterr().out
    digest = hashlib.sha256(package).hexdigest()
    assert printed == f"{os.path.relpath(output)}  {len(package):,} bytes  sha256 {digest}\n"
    assert output.read_bytes() == package
    assert output.stat().st_mode & 0o777 == 0o644
    bill = output.with_name("chatbot.cdx.json")
    assert set(output.parent.iterdir()) == {output, bill}
    assert bill.read_text() == sbom.of(package)


def test_the_bill_of_materials_lists_what_the_zip_holds(package: bytes, tiny: Path) -> None:
    text = sbom.of(package)
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"application"', '"anything"')) is not None
    bill = json.loads(text)
    listed = {
        each["name"]: each["hashes"][0]["content"]
        for each in bill["components"]
        if each["type"] == "file"
    }
    with zipfile.ZipFile(io.BytesIO(package)) as content:
        held = {name: hashlib.sha256(content.read(name)).hexdigest() for name in content.namelist()}
    assert listed == held
    (subject,) = bill["metadata"]["component"]["hashes"]
    assert subject["content"] == hashlib.sha256(package).hexdigest()
    others = [each for each in bill["components"] if each["type"] != "file"]
    assert [each["name"] for each in others] == ["confusable-homoglyphs", "python"]
    assert all(each["version"] and each["licenses"] for each in others)
    known = {each["bom-ref"] for each in (*bill["components"], bill["metadata"]["component"])}
    assert {one for each in bill["dependencies"] for one in each["dependsOn"]} <= known
    # The same for the same zip, and another for another.
    assert "timestamp" not in text
    another = json.loads(sbom.of(packaging.build(sources=tiny)))
    assert another["serialNumber"] != bill["serialNumber"] == json.loads(text)["serialNumber"]


def test_says_what_to_do_when_it_cannot_build(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> bytes:
        raise ToolkitError("Delete it and try again.")

    monkeypatch.setattr(packaging, "build", fail)
    assert build_lambda.main([]) == 1
    assert capsys.readouterr().err == "build_lambda: Delete it and try again.\n"
    monkeypatch.setattr(packaging, "build", lambda **_: b"")
    assert build_lambda.main(["--output", "/dev/null/chatbot.zip"]) == 1
    assert capsys.readouterr().err.startswith("build_lambda: [Errno ")
