"""Who signed a call: the account's administrator, or a session of a role."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.sts.models import sts_backends

from emulator import OPERATOR_KEY_ID
from emulator.account import Account
from emulator.wire.call import Credential, Principal
from emulator.wire.errors import CallerError
from emulator.wire.partition import partition_of
from toolkit.local_aws import ADMINISTRATOR_KEY_ID

_MAX_SESSIONS = 1000
_UNKNOWN_CALLER = "The security token included in the request is invalid."


@dataclass(frozen=True)
class _Session:
    principal: Principal
    token: str
    expires: datetime


class Callers:
    """The keys of the account, each with its principal."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def authenticate(self, signed: Credential | None) -> Principal:
        """Return who signed.

        Raises CallerError where nobody signed, for an unknown or expired key, and for a key that is
        not used with its own session token. The signature itself is not checked.
        """
        if signed is None:
            raise CallerError("MissingAuthenticationToken", "Missing Authentication Token")
        key = signed.access_key_id
        if key in {OPERATOR_KEY_ID, ADMINISTRATOR_KEY_ID}:
            return self._administrator(key)
        session = self._sessions.get(key) or self._find(key)
        if session is None:
            raise CallerError("InvalidClientTokenId", _UNKNOWN_CALLER)
        if session.expires <= datetime.now(UTC):
            text = "The security token included in the request is expired"
            raise CallerError("ExpiredToken", text)
        if signed.token != session.token:
            raise CallerError("InvalidClientTokenId", _UNKNOWN_CALLER)
        return session.principal

    def _administrator(self, key: str) -> Principal:
        account = self._account.id
        return Principal(
            arn=f"arn:{partition_of(self._account.region)}:iam::{account}:root",
            account=account,
            type="Root",
            user_id=account,
            access_key_id=key,
        )

    def _find(self, access_key_id: str) -> _Session | None:
        """Look a temporary key up in moto's STS.

        In-process, because the API cannot show it: moto's GetCallerIdentity answers an unknown key
        with a made-up user, and names neither the expiry, nor the session policy, nor the role.
        """
        backend = sts_backends[self._account.id][partition_of(self._account.region)]
        assumed = backend.get_assumed_role_from_access_key(access_key_id)
        if assumed is None:
            return None
        session = _Session(
            principal=Principal(
                arn=assumed.arn,
                account=self._account.id,
                type="AssumedRole",
                role_name=assumed.role_arn.rpartition("/")[2],
                session_name=assumed.session_name,
                role_arn=assumed.role_arn,
                user_id=assumed.user_id,
                access_key_id=access_key_id,
                issued=getattr(assumed, "issued", None),
                session_policy=assumed.policy,
                session_policy_arns=getattr(assumed, "policy_arns", ()),
            ),
            token=assumed.session_token,
            expires=assumed.expiration.replace(tzinfo=UTC),
        )
        with self._lock:
            if len(self._sessions) >= _MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[access_key_id] = session
        return session
