"""Terraform with the real provider and no AWS, in a copy of the tree."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from toolkit.attached import attached
from toolkit.offline import offline
from toolkit.terraform import ROOT, Terraform

# The version of the AWS provider to test with, in place of the locked one.
PROVIDER_VARIABLE = "CHATBOT_PROVIDER_VERSION"


def pin(folder: Path, version: str) -> None:
    """Let every root and module of a copied tree take one version of the AWS provider."""
    for file in folder.glob("*/*/terraform.tf"):
        text = file.read_text(encoding="utf-8")
        pinned = re.sub(r'(source  = "hashicorp/aws"\n\s+version = )".*"', rf'\1"{version}"', text)
        if pinned.count(f'"{version}"') != 1:
            raise ValueError(f"{file} names no version of the AWS provider")
        file.write_text(pinned, encoding="utf-8")
    for lock in folder.glob("*/*/.terraform.lock.hcl"):
        lock.unlink()


class Offline:
    """A copy of modules, environments, examples and chat page that Terraform plans offline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        leave = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan")
        for part in ("modules", "envs", "examples", "web"):
            shutil.copytree(ROOT / part, folder / part, ignore=leave)
        if version := os.environ.get(PROVIDER_VARIABLE):
            pin(folder, version)
        # A plan hashes the package, and never opens it.
        (folder / "build").mkdir()
        (folder / "build" / "chatbot.zip").write_bytes(b"a package")
        self._aws = offline()

    def __enter__(self) -> Self:
        self._env = self._aws.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._aws.__exit__(None, None, None)

    def terraform(self, *path: str) -> Terraform:
        """Return Terraform in a folder of the copy."""
        return Terraform(self.folder.joinpath(*path), self._env)

    @contextmanager
    def attached(self, *path: str) -> Iterator[Terraform]:
        """Return Terraform in a folder of the copy, for many runs with one provider."""
        folder = self.folder.joinpath(*path)
        with attached(folder, self._env, self.folder / f"{folder.name}.log") as env:
            yield Terraform(folder, self._env | env)

    def environment(self, name: str) -> dict[str, Any]:
        """Return the plan of an environment, as it stands but for where its state is kept."""
        terraform = self.terraform("envs", name)
        override = 'terraform {\n  backend "local" {}\n}\n'
        (terraform.folder / "state_override.tf").write_text(override)
        locked = (terraform.folder / ".terraform.lock.hcl").is_file()
        terraform.run("init", *(("-lockfile=readonly",) if locked else ()))
        return planned(terraform)

    def root(self, name: str, files: Mapping[str, str]) -> Terraform:
        """Return Terraform in a new root, where environments are, made of some files."""
        terraform = self.terraform("envs", name)
        terraform.folder.mkdir()
        for file, text in files.items():
            (terraform.folder / file).write_text(text)
        terraform.run("init", "-backend=false")
        return terraform


def planned(terraform: Terraform) -> dict[str, Any]:
    """Plan, and return the plan as Terraform's JSON."""
    terraform.run("plan", "-out=offline.tfplan")
    found: dict[str, Any] = json.loads(terraform.run("show", "-json", "offline.tfplan").stdout)
    return found


def refusals(terraform: Terraform) -> list[str]:
    """Plan what must fail, and return the errors as texts."""
    done = terraform.run("plan", "-json", ok=(1,))
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    errors = [message["diagnostic"] for message in messages if message.get("@level") == "error"]
    return [error["summary"] + "\n" + error.get("detail", "") for error in errors]


def managed(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every resource that a plan would make, wherever it is."""
    found = _resources(plan["planned_values"]["root_module"])
    return [resource for resource in found if resource["mode"] == "managed"]


def resources(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the planned values of every resource of a kind."""
    return [resource["values"] for resource in managed(plan) if resource["type"] == kind]


def resource(plan: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the planned values of the one resource of a kind."""
    (found,) = resources(plan, kind)
    return found


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


class Jobs:
    """Work that takes Terraform seconds, some of it begun ahead of the tests that wait for it."""

    def __init__(
        self, tasks: Mapping[str, Callable[[], Any]], ahead: Iterable[str], workers: int
    ) -> None:
        self._tasks = tasks
        self._pool = ThreadPoolExecutor(workers)
        self._futures: dict[str, Future[Any]] = {
            name: self._pool.submit(tasks[name]) for name in ahead
        }

    def result(self, name: str) -> Any:
        """Return what a task returned; one whose turn has not come is done at once."""
        future = self._futures.get(name)
        if future is None or future.cancel():
            future = self._futures[name] = Future()
            future.set_result(self._tasks[name]())
        return future.result()

    def close(self) -> None:
        """Drop what nobody has waited for."""
        self._pool.shutdown(cancel_futures=True)
