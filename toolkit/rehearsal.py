"""Rehearse an environment: the real Terraform applies it, unchanged, to the local AWS."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit import misspelled, sbom, state
from toolkit.applying import Narrator, Notice, Tell, errors_of, nothing
from toolkit.errors import ToolkitError
from toolkit.local_aws import ADMINISTRATOR_KEY_ID, LocalAws, local_aws
from toolkit.mailbox import confirm
from toolkit.processes import holder, is_free
from toolkit.scope import Options, Scope
from toolkit.terraform import ROOT, Terraform, TerraformError, environment
from toolkit.terraform import region as provider_region
from toolkit.tokens import bearer

if TYPE_CHECKING:
    from collections.abc import Iterator

# Tests keep theirs apart from those that a person has up.
HOME_VARIABLE = "CHATBOT_REHEARSALS"
REHEARSALS = Path(os.environ.get(HOME_VARIABLE) or ROOT / ".rehearsal")
ACCOUNT_ID = "123456789012"
DEFAULT_PORT = 4566
# How many resources Terraform makes at once. With its usual ten, what requests wait for stands in a
# queue behind what sleeps in the provider.
AT_ONCE = 20

# Terraform merges *_override.tf files over the environment's own blocks: this is all that differs
# from a real apply. The endpoint comes from AWS_ENDPOINT_URL. Asking again does not help
# against an error of the local AWS, and by itself the provider would, 25 times and for minutes.
OVERRIDE = f"""terraform {{
  backend "local" {{}}
}}

provider "aws" {{
  access_key          = "{ADMINISTRATOR_KEY_ID}"
  secret_key          = "{ADMINISTRATOR_KEY_ID}"
  allowed_account_ids = ["{ACCOUNT_ID}"]
  max_retries         = 5
  s3_use_path_style   = true

  # Loopback addresses need no proxy; a name made of one does: version 6 of the provider reads the
  # tags of a bucket at <account>.127.0.0.1, which no resolver knows.
  http_proxy  = "ENDPOINT"
  https_proxy = "ENDPOINT"
}}
"""

# Error codes of AWS's services for a resource that exists already. Terraform would have updated it
# if it were in the state.
EXISTS_ALREADY = re.compile(
    r"already (?:exists?|has (?:this )?name)\b|cannot reference multiple Usage Plans"
    r"|AlreadyExists|AlreadyOwnedByYou|Duplicate(?:Item|Record)|ResourceConflict"
)
NEEDS_INIT = "terraform init"


class RehearsalError(ToolkitError):
    """The rehearsal cannot go on. The text says why, and what to do."""


@dataclass(frozen=True)
class Session:
    """What a person or a test needs to talk to a rehearsal that is up."""

    env: str
    endpoint: str
    url: str
    region: str
    clients: dict[str, str]  # Every enabled client's name and API key.
    generation: int  # Of the local AWS, when this was written.
    identity: dict[str, Any] | None = None  # How people sign in; None where nobody does.

    @property
    def client(self) -> str:
        """Return the client that asks where none is named, "" where none is enabled."""
        return next(iter(sorted(self.clients)), "")

    @property
    def api_key(self) -> str:
        """Return that client's key."""
        return self.clients.get(self.client, "")

    def headers(self, client: str = "") -> dict[str, str]:
        """Return the headers of a question: a client's key and, with sign-in, a fresh token."""
        key = self.clients[client] if client else self.api_key
        signed_in = bearer(self.endpoint, self.identity)
        return {"x-api-key": key, "content-type": "application/json", **signed_in}


def rehearsed() -> list[str]:
    """Return the environments that have a rehearsal folder."""
    return sorted(path.name for path in REHEARSALS.glob("*") if path.is_dir())


class Rehearsal(LocalAws):
    """One environment in a local AWS of its own: its folder and its Terraform."""

    def __init__(
        self,
        env: str,
        port: int = DEFAULT_PORT,
        home: Path = REHEARSALS,
        source: Path | None = None,
    ) -> None:
        """Name an environment; `source` is its folder, where that is not the one in envs/."""
        # A rehearsal removes its folder: with ".." in its name, that would be another one.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", env):
            raise RehearsalError(f"{env!r} is no name of an environment, such as dev.")
        # An environment names its modules by "../../modules": `home` must lie in the project.
        self.env = env
        self.home = home
        self._source = source
        super().__init__(home / env, port)
        self._session = self.folder / "session.json"
        # There from the start of an apply to its end: an apply that was cut short leaves it.
        self._applying = self.folder / "applying"
        self._prepared = self.folder / ".terraform" / "prepared"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep out a second `make up` of the environment. Raises RehearsalError if this is it."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self.home / f"{self.env}.lock"
        with lock.open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RehearsalError(
                    f"Another `make up ENV={self.env}` is at work: wait until it has ended."
                ) from None
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # there is another rehearsal
                    self.home.rmdir()

    # The steps of `make up`, in order.

    def build(self) -> str:
        """Build the Lambda package and return its path, size and hash."""
        try:
            return sbom.packed()
        except ToolkitError as error:
            raise RehearsalError(f"The Lambda package could not be built.\n{error}") from error

    def stage(self) -> None:
        """Copy the environment and lay the override file over it."""
        source = self._source or environment(self.env)
        misspelled.check(source)
        if not self.comes_up():
            # State without its local AWS describes things that are gone.
            self.down()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for stale in self.folder.glob("*.tf"):
            stale.unlink()
        for file in (*source.glob("*.tf"), *source.glob(".terraform.lock.hcl")):
            shutil.copyfile(file, self.folder / file.name)
        override = OVERRIDE.replace("ENDPOINT", self.endpoint)
        (self.folder / "rehearsal_override.tf").write_text(override)

    def launch(self) -> bool:
        """Start the local AWS in the environment's region; return False where it runs already."""
        region = provider_region(self.terraform())
        if self.runs():
            if (started := self.started()["region"]) != region:
                raise RehearsalError(
                    f"The rehearsal of {self.env} is up in {started}, and the environment is now "
                    f"for {region}: `make down ENV={self.env}` first."
                )
            if self.model not in {"", answers := self.started().get("model", "")}:
                raise RehearsalError(
                    f"The rehearsal of {self.env} is up with {answers or 'the scripted model'}, "
                    f"and not with {self.model}: `make down ENV={self.env}` first."
                )
            return False
        self._need_port()
        self.spawn(region)
        return True

    def start(self) -> None:
        """Start the local AWS, unless it runs, and wait until it answers."""
        self.launch()
        if self.comes_up():
            return
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        self.down()
        raise RehearsalError(f"The local AWS did not start. The end of its log:\n{tail}")

    def prepare(self, progress: Tell) -> None:
        """Start the local AWS of a staged rehearsal, while Terraform prepares the folder."""
        if not self._prepared.exists():
            progress("Terraform prepares itself; the first time, it downloads its AWS provider")
            launched = False
            with contextlib.suppress(TerraformError):  # a region that only Terraform can compute
                launched = self.launch()
            try:
                self.init()
            except TerraformError:
                if launched:
                    self.stop()
                raise
        self.start()

    def up(self, progress: Tell, stands: Notice = nothing, planned: Notice = nothing) -> Session:
        """Bring a staged rehearsal up: the local AWS, and the environment applied to it.

        `planned` is called once the changes are known, `stands` once requests can be answered,
        which may be before the apply has ended.
        """
        self.prepare(progress)
        progress(f"Local AWS is up at {self.endpoint}; applying")
        was_cut_short = self._applying.exists()
        try:
            self.apply(progress, stands, planned)
        except TerraformError as error:
            if not was_cut_short:
                self._applying.unlink()
            if NEEDS_INIT in str(error) and self._prepared.exists():
                self._prepared.unlink()
                return self.up(progress, stands, planned)
            if not EXISTS_ALREADY.search(str(error)):
                raise
            if not was_cut_short:
                raise RehearsalError(
                    f"{error}\n\nThe local AWS holds what Terraform's state does not know. Start "
                    f"afresh: `make down ENV={self.env}`, then `make up ENV={self.env}`."
                ) from error
            progress("an earlier apply was cut short and the local AWS knows more than the state")
            progress("starting afresh")
            self.down()
            self.stage()
            return self.up(progress, stands, planned)
        confirm(self.endpoint, self.client)
        return self.open_session()

    def init(self) -> None:
        """Let Terraform prepare the folder, keeping to the committed lock file."""
        self.terraform().run("init", "-reconfigure", "-lockfile=readonly", "-no-color")
        self._prepared.touch()

    def apply(self, progress: Tell, stands: Notice = nothing, planned: Notice = nothing) -> None:
        """Apply the environment; `progress` is called with a line of text now and then.

        For `planned` and `stands` see `up`.
        """
        stood = False

        def stand() -> None:
            nonlocal stood
            if not stood:
                stood = True
                state.await_outputs(self.folder)
                stands()

        # Only Terraform has changed anything since its last refresh, so no refresh is needed.
        is_known = self._is_untouched() and not self._applying.exists()
        scope = Scope(self.folder)
        options: Options | None = scope.options(progress) if is_known else ()
        self._applying.touch()
        with errors_of(self.log, progress):
            while options is not None:
                narrator = Narrator(progress, stand, planned)
                command = ("apply", "-auto-approve", f"-parallelism={AT_ONCE}", *options)
                self.terraform().follow(*command, line=narrator)
                options = scope.options_after(narrator.has_lost, progress, stand)
        self._applying.unlink()
        scope.keep()
        stand()

    def open_session(self) -> Session:
        """Read the outputs and the clients' keys, and keep them for `ask`, `smoke` and `logs`.

        A root without a chatbot has no URL and no clients.
        """
        outputs = self.outputs()
        region = outputs["region"] if outputs else provider_region(self.terraform())
        gateway = self.client("apigateway", region)
        keys = {
            client: gateway.get_api_key(apiKey=key_id, includeValue=True)
            for client, key_id in outputs.get("api_key_ids", {}).items()
        }
        path = self._path(outputs) if outputs else ""
        session = Session(
            env=self.env,
            endpoint=self.endpoint,
            url=self.endpoint + path if path else "",
            region=region,
            clients={client: key["value"] for client, key in keys.items() if key["enabled"]},
            generation=self.health()["generation"],
            identity=outputs.get("identity"),
        )
        if outputs:
            self.describe(path, outputs)
        self._session.touch(mode=0o600)
        self._session.write_text(json.dumps(asdict(session), indent=2))
        return session

    @staticmethod
    def _path(outputs: dict[str, Any]) -> str:
        if outputs.get("custom_domain_target"):
            # By path: the custom domain does not resolve to this machine.
            return "/_aws/custom-domain/" + str(outputs["url"]).removeprefix("https://")
        return f"/_aws/execute-api/{outputs['api_id']}/{outputs['stage_name']}/chat"

    def outputs(self) -> dict[str, Any]:
        """Return the output `deployment`, nothing where there is none. Raises TerraformError."""
        return state.outputs_in(self.folder / state.STATE)

    def describe(self, path: str, outputs: dict[str, Any]) -> None:
        """Give the console of the local AWS what it shows."""
        body = json.dumps({"env": self.env, "path": path, "outputs": outputs}).encode()
        url = f"{self.endpoint}/_aws/console/deployment"
        with urllib.request.urlopen(urllib.request.Request(url, body, method="PUT"), timeout=30):
            pass

    # Operations on a rehearsal that is up.

    def session(self) -> Session:
        """Return the session of a rehearsal that is up."""
        if not self.is_up() or not self._session.is_file():
            raise RehearsalError(
                f"No rehearsal of {self.env} is up: run `make up ENV={self.env}` first."
            )
        try:
            return Session(**json.loads(self._session.read_text()))
        except (TypeError, ValueError):
            raise RehearsalError(
                f"{self._session} cannot be read: run `make up ENV={self.env}` again."
            ) from None

    def terraform(self) -> Terraform:
        """Return Terraform in the rehearsal's folder, sent to the local AWS."""
        return Terraform(self.folder, local_aws(self.endpoint))

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client of the local AWS, as its administrator."""
        import boto3  # noqa: PLC0415 - a quarter of a second that `make down` need not wait

        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=ADMINISTRATOR_KEY_ID,
            aws_secret_access_key=ADMINISTRATOR_KEY_ID,
        )

    def is_up(self) -> bool:
        """Return whether the local AWS of this rehearsal runs and answers."""
        return self.runs() and bool(self.health())

    def down(self) -> bool:
        """Stop the local AWS and remove the folder. Returns whether there was anything."""
        self.stop()
        existed = self.folder.exists()
        self._remove()
        return existed

    def _is_untouched(self) -> bool:
        """Return whether nothing has changed the local AWS since the last apply ended."""
        try:
            generation = self.session().generation
        except RehearsalError:
            return False
        return generation == self.health().get("generation")

    def _need_port(self) -> None:
        if is_free(self.port):
            return
        self._remove()
        by = holder(self.port)
        raise RehearsalError(
            f"Port {self.port} on 127.0.0.1 is in use{f' by {by}' if by else ''}. If that is "
            f"another rehearsal, stop it with `make down`; otherwise choose another port: "
            f"`make up ENV={self.env} PORT={self.port + 1}`."
        )

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.home.is_dir() and not any(self.home.iterdir()):
            self.home.rmdir()
