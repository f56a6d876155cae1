"""Validate every environment; plan one, and apply exactly that plan."""

from toolkit import bootstrap, misspelled
from toolkit.terraform import CACHE, ROOT, Terraform, TerraformError, environment

PLAN = "saved.tfplan"
"""The kept plan, in the folder of its environment."""


def validate() -> None:
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
