"""Run Terraform the same way everywhere: with a provider mirror where there is one, else online."""

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import ToolkitError
from toolkit.interrupts import interrupts

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
# State and plans hold API keys: nobody else on this machine may read them.
PRIVATE = 0o077
MIRROR_VARIABLE = "CHATBOT_PROVIDER_MIRROR"
CONFIGURATION = """provider_installation {
  filesystem_mirror {
    path = %s
  }
}
"""
# Where Terraform itself looks for local providers, then where system packages put mirrors.
MIRROR_PLACES = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "~/Library/Application Support/io.terraform/plugins",
    "/usr/local/share/terraform",
    "/usr/share/terraform",
    "/opt",
    "/usr/local/lib",
    "/usr/lib",
)


class TerraformError(ToolkitError):
    """Terraform is missing, or a run of it failed. The text says which and what to do."""


def environment(name: str) -> Path:
    """Return the folder of an environment. Raises TerraformError when there is none."""
    environments = sorted(path.parent.name for path in ROOT.glob("envs/*/main.tf"))
    if name not in environments:
        raise TerraformError(f"envs/{name} does not exist. There are: {', '.join(environments)}.")
    return ROOT / "envs" / name


def region(root: "Terraform") -> str:
    """Return the region of a root's AWS provider. Raises TerraformError where it names none."""
    text = "\n".join(file.read_text() for file in sorted(root.folder.glob("*.tf")))
    for block in _provider_blocks(re.sub(r"(?m)(^|\s)(#|//).*$", "", text)):
        named = re.search(r'[{\s]region\s*=\s*("[^"]*"|[^\n}]+)', block)
        if named is None or re.search(r"[{\s]alias\s*=", block):
            continue
        value = named[1].strip()
        if not re.fullmatch(r'"[a-z0-9-]+"', value):  # such as local.region
            value = root.run("console", typed=f"{value}\n").stdout.strip()
        return value.strip('"')
    # As the provider itself does.
    ours = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not ours:
        raise TerraformError(f"The AWS provider in {root.folder} names no region, nor AWS_REGION.")
    return ours


def _provider_blocks(text: str) -> Iterator[str]:
    for start in re.finditer(r'\bprovider\s+"aws"\s*\{', text):
        depth = 0
        for at in range(start.end() - 1, len(text)):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if depth == 0:
                yield text[start.end() - 1 : at]
                break


def provider_mirror() -> Path | None:
    """Return the folder of a filesystem mirror with the provider for this machine, if any."""
    named = os.environ.get(MIRROR_VARIABLE)
    if named:
        mirror = next(_mirrors_below(Path(named).expanduser()), None)
        if mirror is None:
            raise TerraformError(
                f"{MIRROR_VARIABLE}={named} holds no hashicorp/aws provider for {_platform()}. "
                "Name the folder that has <registry host>/hashicorp/aws below it, or unset it."
            )
        return mirror
    places = (Path(place).expanduser() for place in MIRROR_PLACES)
    return next((mirror for place in places for mirror in _mirrors_below(place)), None)


def _mirrors_below(place: Path) -> Iterator[Path]:
    for depth in ("*", "*/*", "*/*/*"):
        for provider in sorted(place.glob(f"{depth}/hashicorp/aws")):
            unpacked = any(provider.glob(f"*/{_platform()}"))
            packed = any(provider.glob(f"*_{_platform()}.zip"))
            if unpacked or packed:
                yield provider.parent.parent.parent


def _platform() -> str:
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{platform.system().lower()}_{names.get(machine, machine)}"


def merged(base: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return environment variables with changes applied; None takes a variable away."""
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def cli_environment(cache: Path = CACHE) -> dict[str, str]:
    """Return the variables with which Terraform finds its provider and writes no usage data."""
    environment = {
        "GOGC": "400",  # Terraform spends a quarter of its time on collecting garbage.
        **os.environ,
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
    }
    theirs = environment.get("TF_CLI_CONFIG_FILE")
    if theirs and Path(theirs).is_file() and MIRROR_VARIABLE not in os.environ:
        return environment
    # A path to a file that is not there stops every Terraform command.
    environment.pop("TF_CLI_CONFIG_FILE", None)
    cache.mkdir(parents=True, exist_ok=True)
    mirror = provider_mirror()
    if mirror is None:
        plugins = cache / "terraform-plugins"
        plugins.mkdir(exist_ok=True)
        environment.setdefault("TF_PLUGIN_CACHE_DIR", str(plugins))
        return environment
    config = cache / "terraform.rc"
    text = CONFIGURATION % json.dumps(str(mirror))
    if not config.is_file() or config.read_text() != text:
        config.write_text(text)
    environment["TF_CLI_CONFIG_FILE"] = str(config)
    return environment


class Terraform:
    """Terraform in one folder."""

    def __init__(self, folder: Path, env: Mapping[str, str | None] | None = None) -> None:
        program = shutil.which("terraform")
        if program is None:
            version = (ROOT / ".terraform-version").read_text().strip()
            raise TerraformError(
                f"terraform is not on PATH. Install Terraform {version} or a later 1.x."
            )
        self._program = program
        self.folder = folder
        self.env = merged(cli_environment(), env or {})

    def run(
        self, *arguments: str, ok: tuple[int, ...] = (0,), typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; raise TerraformError unless it exits with a code in `ok`."""
        pipe = subprocess.PIPE
        with self._started(*arguments, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            out, err = process.communicate(typed)
        if process.returncode not in ok:
            raise TerraformError(self._failure(arguments, out + err))
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def show(self, *arguments: str) -> None:
        """Run a command that a person watches. Raises TerraformError when it fails."""
        with self._started(*arguments) as process:
            process.wait()
        if process.returncode:
            raise TerraformError(f"`terraform {arguments[0]}` failed in {self.folder}: see above.")

    def follow(self, *arguments: str, line: Callable[[dict[str, Any]], None]) -> None:
        """Run a command with `-json`, handing over each of its messages as it comes."""
        errors: list[str] = []
        pipe, merge = subprocess.PIPE, subprocess.STDOUT
        with self._started(*arguments, "-json", stdout=pipe, stderr=merge) as process:
            output = process.stdout or ()
            try:
                for text in output:
                    message = _message(text)
                    if message.get("@level") == "error":
                        errors.append(_diagnostic(message))
                    line(message)
            except BaseException:
                # Terraform dies of a closed pipe and would not write its state.
                process.send_signal(signal.SIGINT)
                for _ in output:
                    pass
                raise
        if process.returncode:
            raise TerraformError(self._failure(arguments, "\n".join(errors)))

    @contextlib.contextmanager
    def _started(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Iterator[subprocess.Popen[str]]:
        """Start Terraform; pass the first interrupt on to it, and kill it at the second.

        A process group of its own keeps the terminal's Ctrl-C from it: Terraform takes a second
        interrupt as permission to drop its state, so that it must get exactly one.
        """
        process: subprocess.Popen[str] | None = None
        received = passed_on = 0

        def receive() -> None:
            nonlocal received
            received += 1
            pass_on()

        def pass_on() -> None:
            nonlocal passed_on
            while process is not None and passed_on < received:
                passed_on += 1
                if process.poll() is not None:
                    return
                if passed_on == 1:
                    _tell("\nInterrupted: Terraform ends what it is at and keeps its state.\n")
                    process.send_signal(signal.SIGINT)
                else:
                    _tell("\nKilled: what Terraform was at is missing in its state.\n")
                    os.killpg(process.pid, signal.SIGKILL)

        with interrupts(receive):
            process = subprocess.Popen(
                [self._program, *arguments],
                cwd=self.folder,
                env=self.env,
                text=True,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                process_group=0,
                umask=PRIVATE,
            )
            with process:
                pass_on()
                yield process

    def outputs(self) -> dict[str, Any]:
        """Return the output `deployment` of the root (modules/chatbot/outputs.tf).

        It is empty before the first apply, and in a root that has no such output.
        """
        outputs = json.loads(self.run("output", "-json").stdout)
        deployment: dict[str, Any] = outputs.get("deployment", {}).get("value", {})
        return deployment

    def _failure(self, arguments: tuple[str, ...], text: str) -> str:
        tail = "\n".join(text.strip().splitlines()[-60:])
        return f"`terraform {arguments[0]}` failed in {self.folder}:\n{tail}"


def _tell(text: str) -> None:
    """Write to stderr unbuffered: a signal may have interrupted a buffered write."""
    with contextlib.suppress(OSError):
        os.write(2, text.encode())


def _message(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        return {"@level": "info", "@message": text.rstrip()}
    return message if isinstance(message, dict) else {"@level": "info", "@message": text.rstrip()}


def _diagnostic(message: dict[str, Any]) -> str:
    diagnostic = message.get("diagnostic", {})
    where = diagnostic.get("address") or (diagnostic.get("range") or {}).get("filename", "")
    return "\n".join(
        part
        for part in (f"Error: {message.get('@message')}", where, diagnostic.get("detail", ""))
        if part
    )
