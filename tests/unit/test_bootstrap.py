"""Where the state of envs/bootstrap is, before and after there is a bucket."""

from pathlib import Path
from typing import Any

import pytest

from toolkit import bootstrap
from toolkit.terraform import TerraformError

NO_BUCKET = TerraformError('Error: S3 bucket "chatbot-state" does not exist.')


class Root:
    """A folder whose Terraform fails where it is set to."""

    def __init__(self, folder: Path, *fails: TerraformError | None) -> None:
        self.folder = folder
        self.ran: list[tuple[str, ...]] = []
        self._fails = list(fails)

    def run(self, *arguments: str) -> None:
        self.ran.append(arguments)
        if self._fails and (error := self._fails.pop(0)):
            raise error


def test_the_first_plan_keeps_its_state_here_and_the_apply_moves_it(tmp_path: Path) -> None:
    root: Any = Root(tmp_path, NO_BUCKET)
    bootstrap.prepare(root)
    override = tmp_path / "state_override.tf"
    assert 'backend "local"' in override.read_text()
    assert "-reconfigure" in root.ran[-1]
    (tmp_path / "terraform.tfstate").write_text("{}")
    assert bootstrap.settle(root)
    assert "-migrate-state" in root.ran[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_plan_later_on_reads_the_bucket(tmp_path: Path) -> None:
    root: Any = Root(tmp_path)
    bootstrap.prepare(root)
    assert len(root.ran) == 1
    assert not bootstrap.settle(root)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_after_an_apply_that_failed_goes_on_with_the_state_here(tmp_path: Path) -> None:
    (tmp_path / "state_override.tf").write_text("")
    root: Any = Root(tmp_path)
    bootstrap.prepare(root)
    assert [arguments[-1] for arguments in root.ran] == ["-reconfigure"]


def test_what_fails_for_another_reason_is_said(tmp_path: Path) -> None:
    root: Any = Root(tmp_path, TerraformError("Error: the config profile (x) does not exist"))
    with pytest.raises(TerraformError, match="profile"):
        bootstrap.prepare(root)
    assert list(tmp_path.iterdir()) == []


def test_a_move_that_fails_keeps_the_state_here(tmp_path: Path) -> None:
    root: Any = Root(tmp_path, NO_BUCKET, None, TerraformError("Error: AccessDenied"))
    bootstrap.prepare(root)
    (tmp_path / "terraform.tfstate").write_text("{}")
    with pytest.raises(TerraformError, match="AccessDenied"):
        bootstrap.settle(root)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"state_override.tf", "terraform.tfstate"}
