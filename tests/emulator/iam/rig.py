"""An account with one role, a session of it, and what its policies say."""

from dataclasses import dataclass
from typing import Any

from emulator.iam import Authorizer
from emulator.wire.call import Principal
from emulator.wire.http import HttpRequest, HttpResponse
from tests.emulator.fake_account import ACCOUNT, REGION, FakeAccount, captured_request
from tests.emulator.iam.asking import authenticated, refused
from tests.emulator.shown import allow, document

ROLE = "chatbot-dev-execution"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/chatbot-dev"
STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/chatbot-dev:log-stream:s"
LOGGING = f"arn:aws:iam::{ACCOUNT}:role/BedrockLoggingRole"


@dataclass
class Rig:
    account: FakeAccount
    authorizer: Authorizer
    key: str
    token: str
    boundary_arn: str

    def request(self, service: str, operation: str, **parameters: Any) -> HttpRequest:
        return captured_request(service, operation, key=self.key, token=self.token, **parameters)

    def grant(self, name: str, *statements: dict[str, Any]) -> None:
        self.account.client("iam").put_role_policy(
            RoleName=ROLE, PolicyName=name, PolicyDocument=document(*statements)
        )
        self.account.written()

    def widen_boundary(self) -> None:
        everything = document(allow("*"))
        self.account.client("iam").create_policy_version(
            PolicyArn=self.boundary_arn, PolicyDocument=everything, SetAsDefault=True
        )
        self.account.written()

    def refuse(self, service: str, operation: str, **parameters: Any) -> HttpResponse | None:
        return refused(self.authorizer, self.request(service, operation, **parameters))

    @property
    def principal(self) -> Principal:
        return authenticated(self.authorizer, self.request("sts", "get_caller_identity")).principal

    def allowed(self, action: str, resource: str = "*", **context: str) -> bool:
        return self.authorizer.authorize(self.principal, action, resource, context).allowed
