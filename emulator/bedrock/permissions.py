"""What IAM is asked before Bedrock's runtime answers."""

from collections.abc import Mapping

from emulator.account import Account
from emulator.bedrock.errors import RuntimeApiError
from emulator.bedrock.guardrails import DRAFT
from emulator.bedrock.inference_profiles import NamedModel
from emulator.iam import Authorizer, request_keys
from emulator.wire.call import Call
from emulator.wire.errors import CallerError
from iam_policy import access_denied_message


class Permissions:
    """Asks IAM about a call."""

    def __init__(self, account: Account, authorizer: Authorizer) -> None:
        self._account = account
        self._authorizer = authorizer

    def check_scope(self, call: Call) -> None:
        """Refuse a signature for another service or Region. Raises RuntimeApiError."""
        signed = call.credential
        if signed is None:
            return  # refused as unsigned
        scope = None
        if signed.service != "bedrock":
            scope = "correct service: 'bedrock'"
        elif signed.region != self._account.region:
            scope = "a valid region"
        if scope is not None:
            raise RuntimeApiError(
                "InvalidSignatureException", f"Credential should be scoped to {scope}.", 403
            )

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
            self.require(call, action, self._account.arn("bedrock", "project/default"), {})
        if guard_arn is not None:
            self.require(call, "bedrock:ApplyGuardrail", guard_arn, {})

    def require(
        self, call: Call, action: str, resource: str, context: Mapping[str, str | list[str]]
    ) -> None:
        """Raise CallerError unless IAM allows an action."""
        principal = call.principal
        context = {**request_keys(call.request), **context}
        decision = self._authorizer.authorize(principal, action, resource, context)
        if not decision.allowed:
            message = access_denied_message(decision, principal.arn, action, resource)
            raise CallerError("AccessDenied", message)
