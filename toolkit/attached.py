"""An AWS provider that stays up between runs of Terraform.

Starting the provider is most of what a run of `terraform test` costs. Terraform attaches to one
that runs already (HashiCorp, "Debugging providers", `TF_REATTACH_PROVIDERS`). It can serve one run
at a time: two would configure it over each other's heads.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolkit.terraform import Terraform, TerraformError

REATTACH = re.compile(r"TF_REATTACH_PROVIDERS='(.*)'")
PROGRAM = ".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*"


@contextmanager
def attached(folder: Path, env: Mapping[str, str], log: Path) -> Iterator[dict[str, str]]:
    """Start the provider of a root, if it has one; yield what Terraform needs in its environment.

    Raises TerraformError when it does not start.
    """
    Terraform(folder, env).run("init", "-backend=false")
    program = next(folder.glob(PROGRAM), None)
    if program is None:  # a root without the provider
        yield {}
        return
    # With a bundle of its own, the provider can be configured only once.
    inherited = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
    quiet = {"TF_LOG_SDK": "off", "TF_LOG_SDK_PROTO": "off", "GOGC": "400"}
    with (
        log.open("w") as out,
        subprocess.Popen(
            [str(program.resolve()), "-debug"],
            env=inherited | dict(env) | quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
        ) as provider,
    ):
        try:
            said = next(
                (one for line in provider.stdout or () if (one := REATTACH.search(line))), None
            )
            if said is None:
                raise TerraformError(f"The AWS provider did not start: see {log}.")
            shutil.rmtree(folder / ".terraform")
            yield {"TF_REATTACH_PROVIDERS": said[1]}
        finally:
            provider.kill()
