"""What is passed to a module's object variables is declared there, or Terraform drops it."""

import re
from pathlib import Path
from typing import Any

from attributes import declared, unknown
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.module.base_module_check import BaseModuleCheck

OURS = Path(__file__).resolve().parent.parent / "modules"


class AttributesAreDeclared(BaseModuleCheck):
    """Compares a call with the module beside it, or with ours of that name."""

    def __init__(self) -> None:
        """Register the policy with checkov."""
        super().__init__(
            name="Object arguments of a module name only attributes that it declares",
            id="CKV_CHATBOT_13",
            categories=[CheckCategories.GENERAL_SECURITY],
        )

    def scan_module_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        """Judge a call; one whose module is not at hand stays unknown."""
        files = sorted(_module(conf).glob("*.tf"))
        types = declared("\n".join(file.read_text(encoding="utf-8") for file in files))
        if not types:
            return CheckResult.UNKNOWN
        found = [
            problem
            for name, value in conf.items()
            if name in types
            for problem in unknown(value, types[name], name)
        ]
        self.evaluated_keys = [problem.path.replace(".", "/") for problem in found]
        self.details = [str(problem) for problem in found]
        return CheckResult.FAILED if found else CheckResult.PASSED


def _module(conf: dict[str, list[Any]]) -> Path:
    """Return the folder of a call's module: where checkov read it, or ours of that name."""
    if resolved := conf.get("__resolved__"):
        return Path(resolved[0].file_path).parent
    source = str((conf.get("source") or [""])[0])
    ours = re.search(r"/modules/([\w-]+)(?:\?.*)?$", source)
    return OURS / ours[1] if ours else Path("/nonexistent")


check = AttributesAreDeclared()
