"""Resource policies of functions, versions and aliases: AWS keeps each apart, and moto in one.

Source: AWS Lambda API reference, AddPermission, RemovePermission, GetPolicy; the texts and shapes
are recorded in localstack/localstack, tests/aws/services/lambda_/test_lambda_api.snapshot.json.
"""

import json
import re
import uuid
from dataclasses import dataclass, field

from moto.awslambda.exceptions import (
    GenericResourcNotFound,
    InvalidParameterValueException,
    PreconditionFailedException,
    UnknownPolicyException,
)

from emulator.lambda_.functions import LambdaError
from emulator.wire.documents import JsonObject

_REVISION = (
    "The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to"
    " retrieve the latest Policy RevisionId for your resource."
)


@dataclass
class _Policy:
    statements: list[JsonObject] = field(default_factory=list)
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Policies:
    """The policies of one function, by qualifier; the function's own is that of ''."""

    arn: str  # without a qualifier
    _by_qualifier: dict[str, _Policy] = field(default_factory=dict)

    def add(self, qualifier: str | None, given: JsonObject) -> JsonObject:
        """Add a statement, and return it."""
        if qualifier == "$LATEST":
            raise InvalidParameterValueException(
                "We currently do not support adding policies for $LATEST."
            )
        policy = self._by_qualifier.setdefault(qualifier or "", _Policy())
        self._check_revision(policy, given.get("RevisionId"))
        sid = given["StatementId"]
        if any(statement["Sid"] == sid for statement in policy.statements):
            raise LambdaError(
                409,
                "ResourceConflictException",
                f"The statement id ({sid}) provided already exists. Please provide a new statement"
                " id, or remove the existing statement.",
                Type="User",
            )
        resource = f"{self.arn}:{qualifier}" if qualifier else self.arn
        statement = _statement(given, resource)
        policy.statements.append(statement)
        policy.revision = str(uuid.uuid4())
        return statement

    def remove(self, qualifier: str | None, sid: str, revision: str | None) -> None:
        """Remove a statement."""
        policy = self._by_qualifier.get(qualifier or "")
        if policy is None or not policy.statements:
            raise UnknownPolicyException
        self._check_revision(policy, revision)
        kept = [statement for statement in policy.statements if statement["Sid"] != sid]
        if len(kept) == len(policy.statements):
            raise LambdaError(
                404,
                "ResourceNotFoundException",
                f"Statement {sid} is not found in resource policy.",
                Type="User",
            )
        policy.statements, policy.revision = kept, str(uuid.uuid4())

    def document(self, qualifier: str | None) -> str:
        """Return a policy as GetPolicy answers."""
        policy = self._by_qualifier.get(qualifier or "")
        if policy is None or not policy.statements:
            raise GenericResourcNotFound
        document = {"Version": "2012-10-17", "Id": "default", "Statement": policy.statements}
        return json.dumps({"Policy": json.dumps(document), "RevisionId": policy.revision})

    @staticmethod
    def _check_revision(policy: _Policy, revision: str | None) -> None:
        if revision and revision != policy.revision:
            raise PreconditionFailedException(_REVISION)


def _statement(given: JsonObject, resource: str) -> JsonObject:
    partition = resource.split(":")[1]
    named: str = given["Principal"]
    principal: str | dict[str, str] = named
    if re.fullmatch(r"\d{12}", named):
        principal = {"AWS": f"arn:{partition}:iam::{named}:root"}
    elif named.startswith("arn:"):
        principal = {"AWS": named}
    elif named != "*":
        principal = {"Service": named}
    equal = {
        key: given[name]
        for name, key in (
            ("SourceAccount", "AWS:SourceAccount"),
            ("EventSourceToken", "lambda:EventSourceToken"),
            ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
            ("PrincipalOrgID", "aws:PrincipalOrgID"),
        )
        if given.get(name)
    }
    condition = {"StringEquals": equal} if equal else {}
    if given.get("SourceArn"):
        condition["ArnLike"] = {"AWS:SourceArn": given["SourceArn"]}
    statement = {
        "Sid": given["StatementId"],
        "Effect": "Allow",
        "Principal": principal,
        "Action": given["Action"],
        "Resource": resource,
    }
    return statement | ({"Condition": condition} if condition else {})
