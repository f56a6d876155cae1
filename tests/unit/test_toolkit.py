"""Terraform finds its provider here and on a laptop; the rehearsal reaches nobody's real AWS."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from toolkit import terraform
from toolkit.local_aws import LocalAws, local_aws
from toolkit.rehearsal import OVERRIDE, Rehearsal, RehearsalError
from toolkit.state import await_outputs, outputs_in
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


@pytest.fixture
def slow_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Terraform that says what it does, and ends in order when it is interrupted."""
    program = tmp_path / "terraform"
    program.write_text(
        "#!/bin/sh\n"
        "trap 'echo INT >> shown; sleep 0.3; yes | head -99999; touch state; exit 3' INT\n"
        "trap 'echo TERM >> shown' TERM\necho \"$@\"\ntouch begun\n"
        "[ $1 = apply ] && while :; do sleep 0.05; done\n[ $1 = plan ]\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def test_a_person_sees_at_once_what_terraform_says(
    slow_terraform: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Terraform(slow_terraform).show("plan", "-out=x")
    assert capfd.readouterr().out == "plan -out=x\n"
    with pytest.raises(TerraformError, match=r"`terraform destroy` failed in .*: see above"):
        Terraform(slow_terraform).show("destroy")


def _interrupt(folder: Path, call: str, times: int = 1) -> str:
    """Press Ctrl-C while a program is at `call`; return all that was printed."""
    code = f"""
from pathlib import Path
from toolkit.terraform import Terraform
terraform = Terraform(Path({str(folder)!r}))
try:
    terraform.{call}
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            for marker in ("begun", "shown")[:times]:
                deadline = time.monotonic() + 20
                while not (folder / marker).exists() and time.monotonic() < deadline:
                    time.sleep(0.02)
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of the group
            said, _ = process.communicate(timeout=20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return said


@pytest.mark.parametrize(
    "call", ['show("apply", "x")', 'follow("apply", line=lambda message: None)', 'run("apply")']
)
def test_an_interrupt_reaches_terraform_once_and_it_ends_in_order(
    slow_terraform: Path, call: str
) -> None:
    said = _interrupt(slow_terraform, call)
    assert (slow_terraform / "shown").read_text() == "INT\n"
    assert (slow_terraform / "state").exists()
    assert said.strip().endswith("interrupted")


def test_a_second_interrupt_kills(slow_terraform: Path) -> None:
    program = slow_terraform / "terraform"
    program.write_text(program.read_text().replace("exit 3", ""))  # and never ends by itself
    said = _interrupt(slow_terraform, 'show("apply", "x")', times=2)
    assert "Killed" in said
    assert said.strip().endswith("interrupted")


def test_a_reader_that_fails_leaves_terraform_to_end_in_order(slow_terraform: Path) -> None:
    def fail(_: object) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Terraform(slow_terraform).follow("apply", line=fail)
    assert (slow_terraform / "state").exists()


@pytest.mark.parametrize(
    ("raised", "code", "shown"),
    [("KeyboardInterrupt", -signal.SIGINT, False), ("ValueError", 1, True)],
)
def test_ctrl_c_ends_a_program_without_a_traceback(raised: str, code: int, *, shown: bool) -> None:
    """Also while a program imports, before it can catch anything."""
    program = f"import toolkit; raise {raised}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (code, shown)


def test_a_persons_own_aws_settings_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    environment = merged(os.environ, local_aws("http://127.0.0.1:1"))
    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"


@pytest.mark.parametrize("env", ["", ".", "..", "../envs/dev", "dev/..", "/tmp", "a b", "-x"])  # noqa: S108
def test_an_environment_is_a_name_and_no_path(env: str, tmp_path: Path) -> None:
    """A rehearsal removes its folder: one beside it must be out of reach."""
    with pytest.raises(RehearsalError, match="is no name of an environment, such as dev"):
        Rehearsal(env, home=tmp_path)


def test_a_rehearsal_changes_nothing_but_backend_and_provider(tmp_path: Path) -> None:
    rehearsal = Rehearsal("dev", home=tmp_path)
    rehearsal.stage()
    staged = {path.name: path.read_text() for path in rehearsal.folder.glob("*.tf")}
    assert staged.pop("rehearsal_override.tf") == OVERRIDE.replace("ENDPOINT", rehearsal.endpoint)
    assert staged == {path.name: path.read_text() for path in ROOT.glob("envs/dev/*.tf")}


def test_an_unknown_environment_is_refused_and_the_known_ones_named(tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match="There are: bootstrap, dev, prod"):
        Rehearsal("staging", home=tmp_path).stage()


def test_a_port_in_use_is_refused_with_its_holder_and_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        rehearsal = Rehearsal("dev", port, home=tmp_path / "rehearsals")
        rehearsal.stage()
        with pytest.raises(RehearsalError, match=f"make up ENV=dev PORT={port + 1}") as refused:
            rehearsal.start()
    assert f"process {os.getpid()}" in str(refused.value)
    assert not rehearsal.folder.exists()


def test_outputs_are_read_from_the_state_also_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "terraform.tfstate"
    whole = '{"version": 4, "outputs": {"deployment": {"value": {"region": "us-east-2"}}}}'
    state.write_text(whole[:30])
    threading.Timer(0.2, state.write_text, [whole]).start()
    assert outputs_in(state) == {"region": "us-east-2"}
    monkeypatch.setattr("toolkit.state.STATE_SECONDS", 0)
    state.write_text('{"version": 4, "outputs": {}}')
    assert outputs_in(state) == {}
    state.write_text(whole[:30])
    with pytest.raises(TerraformError, match="cannot be read"):
        outputs_in(state)


def test_a_local_aws_whose_command_does_not_show_yet_is_no_dead_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = iter(["", "", *["python -m emulator"] * 9])
    process = SimpleNamespace(pid=os.getpid(), poll=lambda: None)
    monkeypatch.setattr("toolkit.local_aws.command_of", lambda _: next(shown))
    monkeypatch.setattr("toolkit.local_aws.subprocess.Popen", lambda *_, **__: process)
    started = LocalAws(tmp_path, 1)
    started.spawn("us-east-2")
    assert started.runs()


@pytest.mark.parametrize("launched", [True, False])
def test_a_local_aws_that_terraform_cannot_use_ends_if_this_run_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, launched: bool
) -> None:
    def fail(_: Rehearsal) -> None:
        raise TerraformError("no provider")

    def stop(rehearsal: Rehearsal) -> None:
        stops.append(rehearsal)

    stops: list[Rehearsal] = []
    monkeypatch.setattr(Rehearsal, "launch", lambda _: launched)
    monkeypatch.setattr(Rehearsal, "init", fail)
    monkeypatch.setattr(Rehearsal, "stop", stop)
    with pytest.raises(TerraformError, match="no provider"):
        Rehearsal("dev", home=tmp_path).up(lambda _: None)
    assert len(stops) == launched


REGIONS = {
    'provider "aws" {\n  region = "eu-central-1"\n}\n': "eu-central-1",
    'provider "aws" { region = "eu-west-1" }\n': "eu-west-1",
    'provider "aws" {\n  alias = "us"\n  region = "us-east-1"\n}\n'
    'provider "aws" {\n  # region = "x"\n  default_tags {\n    tags = {}\n  }\n'
    '  region = "ap-northeast-1" // here\n}\n': "ap-northeast-1",
    'variable "place" { default = "us-gov-west-1" }\nlocals { home = var.place }\n'
    'provider "aws" {\n  region = local.home\n}\n': "us-gov-west-1",
    'provider "aws" {}\n': "ca-central-1",
}


@pytest.mark.parametrize(("text", "expected"), REGIONS.items())
def test_the_region_of_an_environment_is_its_providers(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "ca-central-1")
    (tmp_path / "providers.tf").write_text(text)
    if "local." in text:
        Terraform(tmp_path).run("init")
    assert terraform.region(Terraform(tmp_path)) == expected


def test_no_region_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    (tmp_path / "providers.tf").write_text('provider "aws" {}\n')
    with pytest.raises(TerraformError, match="names no region"):
        terraform.region(Terraform(tmp_path))


def test_state_and_sessions_are_private(tmp_path: Path) -> None:
    rehearsal = Rehearsal("dev", home=tmp_path)
    rehearsal.stage()
    assert rehearsal.folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "main.tf").write_text('resource "terraform_data" "this" {}\n')
    Terraform(tmp_path).run("init")
    Terraform(tmp_path).run("apply", "-auto-approve")
    assert (tmp_path / "terraform.tfstate").stat().st_mode & 0o777 == 0o600


def test_down_is_quiet_where_nothing_is_up(tmp_path: Path) -> None:
    assert Rehearsal("dev", home=tmp_path).down() is False


def test_down_never_stops_a_process_that_is_not_the_emulator(tmp_path: Path) -> None:
    rehearsal = Rehearsal("dev", home=tmp_path)
    rehearsal.folder.mkdir()
    (rehearsal.folder / "emulator.json").write_text(f'{{"pid": {os.getpid()}, "port": 1}}')
    assert rehearsal.down() is True
    assert not rehearsal.folder.exists()


@pytest.mark.parametrize(("declared", "waited"), [('output "deployment" {}', True), ("", False)])
def test_outputs_of_a_first_apply_are_waited_for(
    tmp_path: Path, declared: str, waited: bool
) -> None:
    """Terraform writes them a moment after the last resource that they need."""
    rehearsal = Rehearsal("dev", home=tmp_path)
    rehearsal.folder.mkdir(parents=True)
    (rehearsal.folder / "outputs.tf").write_text(declared)
    state = rehearsal.folder / "terraform.tfstate"
    state.write_text('{"version": 4, "outputs": {}}')
    whole = '{"version": 4, "outputs": {"deployment": {"value": {"region": "us-east-2"}}}}'
    threading.Timer(0.3, state.write_text, [whole]).start()
    await_outputs(rehearsal.folder)
    assert bool(rehearsal.outputs()) is waited
    time.sleep(0.4)
