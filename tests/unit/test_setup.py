"""What is missing on a fresh machine is reported within seconds, with the way out."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from toolkit.terraform import ROOT

SYSTEM = ("bash", "dirname", "env", "grep", "make", "rm", "sed", "sh", "touch")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout without .venv on a machine that has a few of the system's programs only."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("Makefile", ".terraform-version"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for name in SYSTEM:
        found = shutil.which(name)
        assert found, name
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def _program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _make(machine: Path, target: str = "test") -> str:
    began = time.monotonic()
    done = subprocess.run(
        ["make", target],
        cwd=machine,
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert time.monotonic() - began < 10
    return done.stderr


@pytest.mark.parametrize("target", ["test", "up", "lint", "plan"])
def test_a_missing_terraform_is_reported_first(machine: Path, target: str) -> None:
    assert "Terraform 1.11 or a later 1.x is needed, and none is on PATH" in _make(machine, target)


@pytest.mark.parametrize("version", ["1.10.5", "0.15.0", "2.0.0"])
def test_a_terraform_that_does_not_fit_is_reported(machine: Path, version: str) -> None:
    _program(machine, "terraform", f"echo Terraform v{version}")
    assert f"is needed, and {version} is on PATH" in _make(machine)


def test_a_missing_python_is_reported(machine: Path) -> None:
    _program(machine, "terraform", "echo Terraform v1.12.0-rc1")
    _program(machine, "python3", "exit 1")  # another version
    assert "Python 3.12 is needed" in _make(machine)


def test_a_python_that_makes_no_environment_is_reported(machine: Path) -> None:
    _program(machine, "terraform", "echo Terraform v1.11.4")
    _program(machine, "python3.12", '[ "$2" = venv ] && exit 1; exit 0')
    assert "cannot make a virtual environment" in _make(machine)


def test_this_machine_has_what_it_needs() -> None:
    done = subprocess.run(
        ["bash", "scripts/setup.sh", "terraform"], cwd=ROOT, env=dict(os.environ), check=False
    )
    assert done.returncode == 0


def test_the_list_of_targets_fits_one_screen() -> None:
    help_ = ["make", "--no-print-directory", "help"]  # `make test` may be what runs this
    done = subprocess.run(help_, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "make up " in done.stdout
    assert len(done.stdout.splitlines()) <= 24
