#!/usr/bin/env python3
"""Validate every environment; plan one, and apply exactly that plan."""

import argparse
import sys

from toolkit import bootstrap, misspelled
from toolkit.terraform import CACHE, ROOT, Terraform, TerraformError, environment

PLAN = "saved.tfplan"


def validate(_: str) -> None:
    """Validate every root offline, without writing to the folders that people apply from.

    A module is validated where an environment calls it; the tests plan the usage of each one.
    """
    for module in ROOT.glob("modules/*/"):
        misspelled.check(module)
    for folder in sorted(ROOT.glob("envs/*/")):
        name = folder.relative_to(ROOT)
        root = Terraform(folder, {"TF_DATA_DIR": str(CACHE / "terraform-data" / name)})
        lock = ("-lockfile=readonly",) if (folder / ".terraform.lock.hcl").is_file() else ()
        root.run("init", "-backend=false", "-no-color", *lock)
        root.run("validate", "-no-color")
        misspelled.check(folder)
        print(f"valid: {name}", flush=True)


def plan(env: str) -> None:
    """Plan an environment against its account and keep the plan."""
    root = Terraform(environment(env))
    misspelled.check(root.folder)
    if env == bootstrap.NAME:
        bootstrap.prepare(root)
    else:
        root.run("init", "-lockfile=readonly", "-no-color")
    root.show("plan", f"-out={PLAN}")
    print(f"\nThe plan is kept. Apply exactly this: make apply ENV={env}")


def apply(env: str) -> None:
    """Apply the plan that `plan` kept, then drop it."""
    root = Terraform(environment(env))
    kept = root.folder / PLAN
    if not kept.is_file():
        raise TerraformError(f"envs/{env} has no kept plan: run `make plan ENV={env}`, read it.")
    try:
        root.show("apply", PLAN)
    finally:
        kept.unlink()
    if env == bootstrap.NAME and bootstrap.settle(root):
        print("The state is in its bucket now.")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    commands = {"validate": validate, "plan": plan, "apply": apply}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=commands)
    parser.add_argument("--env", default="dev")
    options = parser.parse_args(argv)
    try:
        commands[options.command](options.env)
    except TerraformError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What Terraform had done is in its state.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
