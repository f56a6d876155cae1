"""A state file that Terraform may be writing: the outputs in it."""

import json
import time
from pathlib import Path
from typing import Any

from toolkit.terraform import TerraformError

STATE = "terraform.tfstate"
STATE_SECONDS = 3.0
# Terraform's own, to compute the outputs once all that they need is there.
OUTPUTS_SECONDS = 20.0


def outputs_in(state: Path) -> dict[str, Any]:
    """Return the output `deployment` of a state file, which spares a second of `terraform output`.

    It is empty as in `Terraform.outputs`. Raises TerraformError for a file that cannot be read,
    also when asked again for a while: an apply writes its state again and again.
    """
    deadline = time.monotonic() + STATE_SECONDS
    while True:
        try:
            outputs = json.loads(state.read_text()).get("outputs", {})
            return dict(outputs.get("deployment", {}).get("value", {}))
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline:
                raise TerraformError(f"{state} cannot be read ({error!r}).") from error
            time.sleep(0.05)


def await_outputs(folder: Path) -> None:
    """Wait for the outputs of a first apply, which Terraform writes after the last resource.

    A root that declares no output `deployment` waits for nothing.
    """
    if not any('output "deployment"' in file.read_text() for file in folder.glob("*.tf")):
        return
    deadline = time.monotonic() + OUTPUTS_SECONDS
    while not outputs_in(folder / STATE) and time.monotonic() < deadline:
        time.sleep(0.05)
