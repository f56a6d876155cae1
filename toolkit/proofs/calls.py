"""Real AWS calls with the credentials of the function's role, on a rehearsal."""

from collections.abc import Iterator, Sequence
from typing import Any

from toolkit.mailbox import mails
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Call
from toolkit.proofs.logs import Logs, dig


class Calls:
    """Makes calls as the function could, and judges them by their answers and by the trail."""

    def __init__(self, deployment: Deployment, session: str) -> None:
        self._deployment = deployment
        self._session = session
        self._said: dict[str, str | None] = {}  # None: the call was allowed
        self._events: set[str] = set()

    @property
    def caller(self) -> str:
        """Return the ARN that the trail knows the caller by."""
        where = self._deployment.applied
        role = f"assumed-role/{where['execution_role']}/{self._session}"
        return f"arn:{where['partition']}:sts::{where['account']}:{role}"

    def expected_records(self) -> set[str]:
        """Return the ids of the records that the trail must hold."""
        return {f"{event} {self.caller}" for event in self._events}

    def make(self, calls: Sequence[Call]) -> None:
        """Make calls, each once."""
        session = None
        for call in calls:
            try:
                session = session or self._assume()
                self._said[call.id] = self._make(call, session)
            except Exception as error:  # noqa: BLE001 - one proof fails, and the others are asked
                self._said[call.id] = f"no call: {error!r}"
            else:
                self._events |= {call.event} - {""}

    def _assume(self) -> Any:
        import boto3  # noqa: PLC0415 - only a rehearsal makes calls

        where = self._deployment.applied
        credentials = self._deployment.aws("sts").assume_role(
            RoleArn=where["execution_role_arn"], RoleSessionName=self._session
        )["Credentials"]
        return boto3.Session(
            region_name=where["region"],
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def _make(self, call: Call, session: Any) -> str | None:
        from botocore.config import Config  # noqa: PLC0415 - as above
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        service, _, operation = call.call.partition(".")
        client = session.client(
            service,
            endpoint_url=self._deployment.endpoint,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        try:
            getattr(client, operation)(**call.parameters)
        except ClientError as error:
            about = error.response["Error"]
            return f"{about['Code']}: {about['Message']}"
        return None

    def judge(self, call: Call, logs: Logs) -> list[str]:
        """Return what is wrong with a call, and with the trail's record of it."""
        said = self._said.get(call.id, "no call: it was not made")
        problems = []
        if said is not None and (said.startswith("no call") or not call.refused):
            problems.append(f"it was refused: {said}")
        elif call.refused and said is None:
            problems.append("it was not refused")
        elif said is not None and not (said.startswith("AccessDenied") and call.because in said):
            problems.append(f"it was refused otherwise: {said}")
        if call.event and "trail" not in logs.unread:
            problems += self._wrong_trail(call, logs)
            problems += self._wrong_mail(call) if call.mailed else ()
        return problems

    def record(self, call: Call, logs: Logs) -> dict[str, Any] | None:
        """Return the trail's record of a call, None where it has none."""
        for record in logs.records("trail"):
            refused = str(record.get("errorCode", "")).startswith("AccessDenied")
            shows = (record.get("eventName"), dig(record, "userIdentity", "arn"), refused)
            if shows == (call.event, self.caller, call.refused):
                return record
        return None

    def _wrong_mail(self, call: Call) -> Iterator[str]:
        wanted = f"{self.caller} called {call.event} of "
        found = [mail for mail in mails(self._deployment.endpoint) if wanted in mail["text"]]
        if not any(not mail["refused"] for mail in found):
            why = found[-1]["refused"] if found else "no topic was given it"
            yield f"no mail says {wanted!r}: {why}"

    def _wrong_trail(self, call: Call, logs: Logs) -> Iterator[str]:
        errors = [
            str(record.get("errorCode", ""))
            for record in logs.records("trail")
            if record.get("eventName") == call.event
            and dig(record, "userIdentity", "arn") == self.caller
        ]
        if not any(error.startswith("AccessDenied") is call.refused for error in errors):
            said = f"only {errors}" if errors else "nothing"
            yield f"of {call.event} by {self.caller} the trail has {said}"
