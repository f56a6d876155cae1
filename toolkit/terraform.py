"""Run Terraform the same way everywhere: with a provider mirror where there is one, else online."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
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


class TerraformError(Exception):
    """Terraform is missing, or a run of it failed. The text says which and what to do."""


def environment(name: str) -> Path:
    """Return the folder of an environment. Raises TerraformError when there is none."""
    known = sorted(path.parent.name for path in ROOT.glob("envs/*/main.tf"))
    if name not in known:
        raise TerraformError(f"envs/{name} does not exist. There are: {', '.join(known)}.")
    return ROOT / "envs" / name


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
            wanted = (ROOT / ".terraform-version").read_text().strip()
            raise TerraformError(
                f"terraform is not on PATH. Install Terraform {wanted} or a later 1.x."
            )
        self._program = program
        self.folder = folder
        self.env = merged(cli_environment(), env or {})

    def run(self, *arguments: str, ok: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; raise TerraformError unless it exits with a code in `ok`."""
        done = subprocess.run(
            [self._program, *arguments],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode not in ok:
            raise TerraformError(self._failure(arguments, done.stdout + done.stderr))
        return done

    def show(self, *arguments: str) -> None:
        """Run a command that a person watches. Raises TerraformError when it fails."""
        with subprocess.Popen(
            [self._program, *arguments], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL
        ) as process:
            while process.returncode is None:
                # Ctrl-C reaches Terraform as well, which ends its calls and writes its state.
                with contextlib.suppress(KeyboardInterrupt):
                    process.wait()
        if process.returncode:
            raise TerraformError(f"`terraform {arguments[0]}` failed in {self.folder}: see above.")

    def follow(self, *arguments: str, line: Callable[[dict[str, Any]], None]) -> None:
        """Run a command with `-json`, handing over each of its messages as it comes."""
        errors: list[str] = []
        with subprocess.Popen(
            [self._program, *arguments, "-json"],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                for text in process.stdout or ():
                    message = _message(text)
                    if message.get("@level") == "error":
                        errors.append(_diagnostic(message))
                    line(message)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise TerraformError(self._failure(arguments, "\n".join(errors)))

    def outputs(self) -> dict[str, Any]:
        """Return the values of the root's outputs, by name."""
        found = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in found.items()}

    def _failure(self, arguments: tuple[str, ...], text: str) -> str:
        tail = "\n".join(text.strip().splitlines()[-60:])
        return f"`terraform {arguments[0]}` failed in {self.folder}:\n{tail}"


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
