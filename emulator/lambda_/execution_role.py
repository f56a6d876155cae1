"""A function's execution role: its temporary credentials, and whether it may log."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from botocore.exceptions import ClientError

from emulator.account import Account
from emulator.iam import LOG_WRITES, Authorizer
from emulator.lambda_.functions import Function, LambdaError
from emulator.wire.errors import CallerError

_log = logging.getLogger("emulator.lambda")

SERVICE = "lambda.amazonaws.com"
NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
CREDENTIALS_SECONDS = 1800.0


class ExecutionRoles:
    """The roles of the account's functions."""

    def __init__(self, account: Account, authorizer: Authorizer) -> None:
        self._account = account
        self._authorizer = authorizer
        self._lock = threading.Lock()
        self._credentials: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}

    def credentials(self, function: Function) -> dict[str, str]:
        """Get the role's temporary credentials, the same for workers started close together."""
        key = (function.role, function.name)
        try:
            self._authorizer.assume_by_service(function.role, SERVICE, {})
            with self._lock:
                got, known = self._credentials.get(key, (0.0, {}))
            if known and time.monotonic() - got < CREDENTIALS_SECONDS:
                return known
            answer = self._account.client("sts").assume_role(
                RoleArn=function.role, RoleSessionName=function.name
            )["Credentials"]
        except (CallerError, ClientError) as error:
            raise LambdaError(403, "AccessDeniedException", NOT_ASSUMED, Type="User") from error
        credentials = {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }
        with self._lock:
            self._credentials[key] = (time.monotonic(), credentials)
        return credentials

    def log_writer(self, function: Function, stream: str) -> Callable[[str], None]:
        """Return what writes to the function's group while its role may, as Lambda does."""

        def write(line: str) -> None:
            if self._may_log(function):
                self._account.logs.put(function.log_group, stream, line)

        return write

    def _may_log(self, function: Function) -> bool:
        known: dict[tuple[str, str], bool] = self._account.snapshot("lambda.logging", dict)
        key = (function.role, function.log_group)
        if key not in known:
            group = self._account.arn("logs", f"log-group:{function.log_group}")
            streams = f"{group}:log-stream:*"
            known[key] = True
            for action in LOG_WRITES:
                if not self._authorizer.authorize_role(function.role, action, streams).allowed:
                    known[key] = False
                    _log.warning(
                        "%s logs nothing: its role lacks %s on %s",
                        *(function.name, action, function.log_group),
                    )
            create = self._authorizer.authorize_role(function.role, "logs:CreateLogGroup", group)
            if known[key] and create.allowed:
                self._make_group(function.log_group)
        return known[key]

    def _make_group(self, group: str) -> None:
        """Make a function's log group where its role may, as Lambda does at the first event."""
        logs = self._account.client("logs")
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
