"""Where the state of envs/bootstrap is: on this machine, until its own bucket is there."""

import re

from toolkit.terraform import Terraform, TerraformError

NAME = "bootstrap"
"""The one root under envs/ that is no chatbot: what an account must have before it can get one."""

# Terraform's own mechanism: it replaces the backend of terraform.tf while it is there.
_HERE = "state_override.tf"
_OVERRIDE = 'terraform {\n  backend "local" {}\n}\n'
_STATES = ("terraform.tfstate", "terraform.tfstate.backup")
_NO_BUCKET = re.compile(r'NoSuchBucket|S3 bucket "\S+" does not exist')
_INIT = ("init", "-lockfile=readonly", "-no-color")


def prepare(root: Terraform) -> None:
    """Prepare the folder for a plan; before the first apply, with its state beside it."""
    here = root.folder / _HERE
    if not here.exists():
        try:
            root.run(*_INIT)
        except TerraformError as error:
            if not _NO_BUCKET.search(str(error)):
                raise
            here.write_text(_OVERRIDE)
    if here.exists():
        root.run(*_INIT, "-reconfigure")


def settle(root: Terraform) -> bool:
    """Move the state to its bucket after an apply; return whether it was still beside the root."""
    here = root.folder / _HERE
    if not here.exists():
        return False
    here.unlink()
    try:
        root.run(*_INIT, "-migrate-state", "-force-copy")
    except TerraformError:
        here.write_text(_OVERRIDE)  # the next apply tries again
        raise
    for name in _STATES:
        (root.folder / name).unlink(missing_ok=True)
    return True
