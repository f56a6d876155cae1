"""The zip: the same bytes everywhere, nothing in it that is not needed, and it runs."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from typing import TYPE_CHECKING

import botocore.session
import pytest

from scripts import build_lambda

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def package() -> bytes:
    return build_lambda.build()


@pytest.fixture(scope="module")
def names(package: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(package)).namelist()


def make_wheel(folder: Path, name: str, files: dict[str, bytes]) -> str:
    """Write a wheel and return its line for a requirements file."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def tiny(tmp_path: Path) -> dict[str, Path]:
    """A build of one source file and one wheel that is in the cache already."""
    sources = tmp_path / "src"
    (sources / "pkg").mkdir(parents=True)
    (sources / "pkg" / "__init__.py").write_bytes(b"X = 1\nY = 2\n")
    requirements = tmp_path / "requirements.txt"
    paths = {"sources": sources, "requirements": requirements, "cache": tmp_path / "cache"}
    pin(paths, {"dep.py": b"pass\n"})
    return paths


def pin(paths: dict[str, Path], files: dict[str, bytes]) -> Path:
    """Pin one wheel with these files and put it into the cache."""
    scratch = paths["sources"].parent / "wheel"
    scratch.mkdir(exist_ok=True)
    line = make_wheel(scratch, "dep", files)
    paths["requirements"].write_text(line)
    folder = paths["cache"] / hashlib.sha256(line.encode()).hexdigest()[:16]
    shutil.copytree(scratch, folder)
    return folder


def test_builds_the_same_bytes_wherever_and_whenever(
    package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "another place"
    shutil.copytree(build_lambda.SOURCES, elsewhere)
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
        again = build_lambda.build(sources=elsewhere)
    finally:
        os.umask(before)
    assert hashlib.sha256(again).hexdigest() == hashlib.sha256(package).hexdigest()


def test_bytecode_is_the_same_in_every_process(tmp_path: Path) -> None:
    """What a process has imported, and how it hashes, leaves no trace."""
    digests = set()
    for seed, imports in (("0", "json"), ("1", "botocore.session, decimal, asyncio")):
        output = tmp_path / f"{seed}.zip"
        program = f"import sys, {imports}; from scripts import build_lambda; build_lambda.main()"
        subprocess.run(
            [sys.executable, "-c", program, f"--output={output}"],
            cwd=build_lambda.ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_every_module_has_bytecode_of_its_own_source(package: bytes, names: list[str]) -> None:
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


def test_refuses_to_build_with_another_python(
    tiny: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(build_lambda.BuildError, match=r"runs on Python 3\.12"):
        build_lambda.build(**tiny)


def test_a_changed_source_changes_the_bytes(tiny: dict[str, Path]) -> None:
    before = build_lambda.build(**tiny)
    assert build_lambda.build(**tiny) == before
    (tiny["sources"] / "pkg" / "__init__.py").write_bytes(b"X = 1\nY = 3\n")
    assert build_lambda.build(**tiny) != before


def test_entries_are_sorted_stored_and_without_a_date_or_an_owner(package: bytes) -> None:
    entries = zipfile.ZipFile(io.BytesIO(package)).infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.create_system for entry in entries} == {3}


def test_holds_what_is_used_and_no_clutter(package: bytes, names: list[str]) -> None:
    assert len(package) <= build_lambda.MAX_BYTES
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "__pycache__",  # of six and typing_extensions
        "aws_lambda_powertools",
        "botocore",
        "chatbot",
        "dateutil",
        "jmespath",
        "six.py",
        "typing_extensions.py",
        "urllib3",
    }
    data = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert data == {
        "_retry.json",
        "bedrock-runtime",
        "endpoints.json",
        "partitions.json",
        "sdk-default-configuration.json",
    }
    clutter = (".so", ".pyd", "/RECORD", "/INSTALLER", "/bin/", ".data/")
    assert not [name for name in names if any(bad in name for bad in clutter)]


def test_carries_the_patterns_of_the_edge(package: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as content:
        assert (
            content.read("chatbot/prompt-injection-patterns.txt")
            == build_lambda.PATTERNS.read_bytes()
        )


def test_every_licence_travels_along(names: list[str]) -> None:
    packages = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    licensed = {
        name.partition("/")[0]
        for name in names
        if ".dist-info/" in name and "LICENSE" in name.upper()
    }
    assert len(packages) == 7
    assert licensed == packages


def test_runs_from_the_zip_alone(package: bytes, tmp_path: Path, make_env: dict[str, str]) -> None:
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
        env=make_env,
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


@pytest.fixture
def make_env() -> dict[str, str]:
    return {
        "ALLOWED_ORIGIN": "https://support.example.com",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": "us-east-2",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "BLOCKED_MESSAGE": "[Request blocked by safety controls]",
        "GUARDRAIL_ID": "gr4ha1rd",
        "GUARDRAIL_VERSION": "7",
        "MAX_MESSAGE_CHARS": "2000",
        "MAX_OUTPUT_TOKENS": "512",
        "MODEL_ID": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "POWERTOOLS_METRICS_NAMESPACE": "Chatbot",
        "POWERTOOLS_SERVICE_NAME": "chatbot-zip",
        "SCREENING_MODE": "block",
        "SYSTEM_PROMPT": "You are a helpful customer support assistant.",
    }


@pytest.mark.parametrize("region", ["us-east-2", "eu-central-1", "us-gov-west-1", "cn-north-1"])
def test_trimmed_botocore_finds_the_endpoints_that_the_whole_one_finds(
    package: bytes, tmp_path: Path, region: str
) -> None:
    inside = [
        name
        for name in zipfile.ZipFile(io.BytesIO(package)).namelist()
        if name.startswith("botocore/data/")
    ]
    zipfile.ZipFile(io.BytesIO(package)).extractall(tmp_path, inside)
    urls = []
    for whole in (True, False):
        session = botocore.session.Session()
        session.set_credentials("AKIDEXAMPLE", "not-a-secret")
        if not whole:
            session.get_component("data_loader")._search_paths = [  # only the trimmed data
                str(tmp_path / "botocore" / "data")
            ]
        client = session.create_client("bedrock-runtime", region_name=region)
        urls.append(client.meta.endpoint_url)
    assert urls[0] == urls[1]
    assert region in urls[0]


@pytest.mark.parametrize("name", ["dep/fast.cpython-312-x86_64-linux-gnu.so", "dep/fast.pyd"])
def test_refuses_a_compiled_file(tiny: dict[str, Path], name: str) -> None:
    assert build_lambda.build(**tiny)
    pin(tiny, {"dep/__init__.py": b"", name: b"\x7fELF"})
    with pytest.raises(build_lambda.BuildError, match="Pure Python only"):
        build_lambda.build(**tiny)


def test_refuses_a_wheel_in_the_cache_that_is_not_the_pinned_one(tiny: dict[str, Path]) -> None:
    folder = pin(tiny, {"dep.py": b"pass  # pinned\n"})
    assert build_lambda.build(**tiny)
    make_wheel(folder, "dep", {"dep.py": b"steal()\n"})
    with pytest.raises(build_lambda.BuildError, match="not what"):
        build_lambda.build(**tiny)


def test_refuses_a_cache_that_lacks_a_wheel(tiny: dict[str, Path]) -> None:
    folder = pin(tiny, {"dep.py": b"pass  # whole\n"})
    next(folder.glob("*.whl")).unlink()
    with pytest.raises(build_lambda.BuildError, match="0 of 1 wheels"):
        build_lambda.build(**tiny)


def test_refuses_two_different_files_of_one_name(tiny: dict[str, Path]) -> None:
    pin(tiny, {"pkg/__init__.py": b"evil = True\n"})
    with pytest.raises(build_lambda.BuildError, match="called pkg/"):
        build_lambda.build(**tiny)


def test_refuses_a_zip_that_is_too_big(
    tiny: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(build_lambda.build(**tiny))
    monkeypatch.setattr(build_lambda, "MAX_BYTES", size)
    assert build_lambda.build(**tiny)
    monkeypatch.setattr(build_lambda, "MAX_BYTES", size - 1)
    with pytest.raises(build_lambda.BuildError, match="are allowed"):
        build_lambda.build(**tiny)


def test_prints_size_and_hash_and_writes_a_file_that_terraform_can_read(
    package: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "deep" / "chatbot.zip"
    assert build_lambda.main(["--output", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": str(output),
        "bytes": len(package),
        "sha256": hashlib.sha256(package).hexdigest(),
    }
    assert output.read_bytes() == package
    assert output.stat().st_mode & 0o777 == 0o644
    assert list(output.parent.iterdir()) == [output]


def test_says_what_to_do_when_it_cannot_build(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> bytes:
        raise build_lambda.BuildError("Delete it and try again.")

    monkeypatch.setattr(build_lambda, "build", fail)
    assert build_lambda.main([]) == 1
    assert capsys.readouterr().err == "build_lambda: Delete it and try again.\n"
