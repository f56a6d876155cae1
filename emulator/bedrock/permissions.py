"""Who calls Bedrock's runtime, and what IAM is asked before it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.bedrock.errors import RuntimeApiError
from emulator.bedrock.guardrails import DRAFT
from emulator.bedrock.inference_profiles import NamedModel
from emulator.cloud import Cloud
from emulator.iam import Authorizer, CallerError, Principal, request_keys
from emulator.iam.requests import credential
from emulator.wire.http import HttpRequest
from emulator.wire.partition import partition_of
from iam_policy import access_denied_message


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    request: HttpRequest
    request_id: str
    principal: Principal


class Permissions:
    """Authenticates a call, and asks IAM about it."""

    def __init__(self, cloud: Cloud, authorizer: Authorizer) -> None:
        self._cloud = cloud
        self._authorizer = authorizer

    def principal(self, request: HttpRequest) -> Principal:
        """Return who signed a request. Raises RuntimeApiError for nobody that is known here."""
        signed = credential(request)
        if signed is None:
            raise RuntimeApiError(
                "MissingAuthenticationTokenException", "Missing Authentication Token", 403
            )
        scope = None
        if signed.service != "bedrock":
            scope = "correct service: 'bedrock'"
        elif signed.region != self._cloud.region:
            scope = "a valid region"
        if scope is not None:
            raise RuntimeApiError(
                "InvalidSignatureException", f"Credential should be scoped to {scope}.", 403
            )
        try:
            return self._authorizer.authenticate(signed)
        except CallerError as error:
            expired = error.code == "ExpiredToken"
            code = "ExpiredTokenException" if expired else "UnrecognizedClientException"
            raise RuntimeApiError(code, str(error), 403) from error

    def require_model(
        self,
        call: Call,
        model: NamedModel,
        guard_arn: str | None,
        version: str,
        action: str = "bedrock:InvokeModel",
    ) -> None:
        """Require what AWS does for Converse, whose action is bedrock:InvokeModel.

        AWS requires it for the one destination that it picks. Here all must be allowed, because a
        policy that lacks one works until the day when that one is picked. Whether AWS sets the
        guardrail's key for the profile and the project is not documented: here it does not.
        """
        region, account = self._cloud.region, self._cloud.account_id
        guarded: dict[str, str | list[str]] = {}
        if guard_arn is not None:
            known_as = guard_arn if version == DRAFT else f"{guard_arn}:{version}"
            guarded = {"bedrock:GuardrailIdentifier": known_as}
        if model.profile_arn is not None:
            self.require(call, action, model.profile_arn, {})
            guarded["bedrock:InferenceProfileArn"] = model.profile_arn
        for requested_region, arn in model.destinations:
            context = {**guarded, "aws:RequestedRegion": requested_region}
            self.require(call, action, arn, context)
        if action == "bedrock:InvokeModel":  # streaming knows no projects
            project = f"arn:{partition_of(region)}:bedrock:{region}:{account}:project/default"
            self.require(call, action, project, {})
        if guard_arn is not None:
            self.require(call, "bedrock:ApplyGuardrail", guard_arn, {})

    def require(
        self,
        call: Call,
        action: str,
        resource: str,
        context: Mapping[str, str | list[str]],
    ) -> None:
        """Raise RuntimeApiError (AccessDeniedException) unless IAM allows an action."""
        principal = call.principal
        context = {**request_keys(call.request), **context}
        decision = self._authorizer.authorize(principal.access_key_id, action, resource, context)
        if not decision.allowed:
            message = access_denied_message(decision, principal.arn, action, resource)
            raise RuntimeApiError("AccessDeniedException", message)

    def require_operation(self, call: Call) -> None:
        """Require what AWS does for an operation that the emulator does not answer."""
        asked = self._authorizer.action_for_request(call.request)
        if asked is not None:
            action, resources = asked
            for resource in resources:
                self.require(call, action, resource, {})
