"""Terraform finds its provider here and on a laptop; the rehearsal reaches nobody's real AWS."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from toolkit import terraform
from toolkit.rehearsal import OVERRIDE, Rehearsal, RehearsalError, local_aws
from toolkit.terraform import ROOT, Terraform, TerraformError, cli_environment, merged


def _mirror(folder: Path) -> Path:
    provider = folder / "registry.example" / "hashicorp" / "aws" / "5.100.0"
    (provider / terraform._platform()).mkdir(parents=True)
    return folder


def test_a_named_mirror_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = _mirror(tmp_path / "mirror")
    monkeypatch.setenv(terraform.MIRROR_VARIABLE, str(mirror))
    configuration = cli_environment(tmp_path / "cache")["TF_CLI_CONFIG_FILE"]
    assert str(mirror) in Path(configuration).read_text()


def test_a_named_mirror_without_the_provider_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(terraform.MIRROR_VARIABLE, str(tmp_path))
    with pytest.raises(TerraformError, match="holds no hashicorp/aws provider"):
        cli_environment(tmp_path / "cache")


def test_without_a_mirror_terraform_downloads_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(terraform.MIRROR_VARIABLE, raising=False)
    monkeypatch.delenv("TF_PLUGIN_CACHE_DIR", raising=False)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing"))
    monkeypatch.setattr(terraform, "MIRROR_PLACES", (str(tmp_path / "nowhere"),))
    environment = cli_environment(tmp_path / "cache")
    assert "TF_CLI_CONFIG_FILE" not in environment
    assert environment["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "cache" / "terraform-plugins")


def test_a_persons_own_configuration_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(terraform.MIRROR_VARIABLE, raising=False)
    own = tmp_path / "own.rc"
    own.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    assert cli_environment(tmp_path / "cache")["TF_CLI_CONFIG_FILE"] == str(own)


def test_a_failing_command_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("resource {\n")
    with pytest.raises(TerraformError, match=r"`terraform validate` failed in .*"):
        Terraform(tmp_path).run("validate", "-no-color")


def test_a_missing_terraform_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformError, match="terraform is not on PATH"):
        Terraform(tmp_path)


def test_a_persons_own_aws_settings_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    environment = merged(os.environ, local_aws("http://127.0.0.1:1"))
    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"


def test_a_rehearsal_changes_nothing_but_backend_and_provider(tmp_path: Path) -> None:
    rehearsal = Rehearsal("dev", home=tmp_path)
    rehearsal.stage()
    staged = {path.name: path.read_text() for path in rehearsal.folder.glob("*.tf")}
    assert staged.pop("rehearsal_override.tf") == OVERRIDE
    assert staged == {path.name: path.read_text() for path in ROOT.glob("envs/dev/*.tf")}


def test_an_unknown_environment_is_refused_and_the_known_ones_named(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="There are: dev, prod"):
        Rehearsal("staging", home=tmp_path).stage()


def test_a_port_in_use_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        rehearsal = Rehearsal("dev", port, home=tmp_path)
        rehearsal.folder.mkdir()
        with pytest.raises(RehearsalError, match=f"make up ENV=dev PORT={port + 1}"):
            rehearsal.start()


def test_down_is_quiet_where_nothing_is_up(tmp_path: Path) -> None:
    assert Rehearsal("dev", home=tmp_path).down() is False


def test_down_never_stops_a_process_that_is_not_the_emulator(tmp_path: Path) -> None:
    rehearsal = Rehearsal("dev", home=tmp_path)
    rehearsal.folder.mkdir()
    (rehearsal.folder / "emulator.json").write_text(f'{{"pid": {os.getpid()}, "port": 1}}')
    assert rehearsal.down() is True
    assert not rehearsal.folder.exists()
