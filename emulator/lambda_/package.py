"""What a worker runs from: the function's zip, unpacked, and AWS's managed runtime."""

import base64
import hashlib
import importlib.util
import io
import os
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path

from emulator.account import Account
from emulator.lambda_.functions import Function, LambdaError, LoadCode

_FOLDER = "emulator-lambda-"
_RUNTIME_MODULES = (
    *("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson"),
    *("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"),
)


class Packages:
    """Unpacked code and the runtime's modules, in a folder that goes with the emulator.

    `missing` says in a sentence what the runtime lacks on this machine, if it cannot run.
    """

    def __init__(self, account: Account, load_code: LoadCode, scratch: Path | None) -> None:
        self._account = account
        self._load_code = load_code
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        _remove_orphans(scratch or Path(tempfile.gettempdir()))
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=scratch))
        self._unpacking = threading.Lock()
        self.runtime_folder = self._scratch / "runtime"
        self.missing = _link_runtime(self.runtime_folder)

    def remove(self) -> None:
        """Remove all that was unpacked."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def unpack(self, function: Function) -> Path:
        """Return the folder of a function's code, unpacked once for each content."""
        folder = self._scratch / hashlib.sha256(function.code_sha256.encode()).hexdigest()[:32]
        with self._unpacking:
            if not folder.exists():
                code = self._load_code(self._account, function.name, function.version)
                digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
                if digest != function.code_sha256:
                    raise LambdaError(
                        502,
                        "InvalidZipFileException",
                        f"The stored zip has sha256 {digest}, not {function.code_sha256}",
                        Type="User",
                    )
                partial = folder.with_suffix(".partial")
                try:
                    with zipfile.ZipFile(io.BytesIO(code)) as archive:
                        archive.extractall(partial)  # never leaves the folder
                except zipfile.BadZipFile as error:
                    raise LambdaError(
                        502, "InvalidZipFileException", "Lambda could not unzip the file"
                    ) from error
                partial.rename(folder)
        return folder


def _remove_orphans(folder: Path) -> None:
    """Remove what was left by emulators that had no time to tidy up, as those that were killed."""
    for left in folder.glob(f"{_FOLDER}*-*"):
        pid = left.name.removeprefix(_FOLDER).partition("-")[0]
        if not pid.isdecimal():
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (OSError, OverflowError):
            continue  # somebody else's, and alive


def _link_runtime(folder: Path) -> str:
    """Gather what AWS's managed runtime carries; return what is missing of it, as a sentence."""
    folder.mkdir()
    for name in _RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (folder / source.name).symlink_to(source)
    if not (folder / "awslambdaric").exists():
        return (
            "awslambdaric is not installed (there is no wheel for every platform): functions "
            "cannot run, so every invocation answers 500. Everything else works."
        )
    return ""
