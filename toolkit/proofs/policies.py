"""Policy questions: what the applied policies say, decided as IAM decides."""

import json

from iam_policy import Decision, Policy, Query, evaluate
from iam_policy.regions import requested_region
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Question
from toolkit.role_policies import Role, managed_policy, read_role

ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# A role's short name in proofs, and the name of its applied value.
ROLES = {
    "function": "execution_role",
    "logging": "logging_role",
    "trail": "trail_role",
    "api-logs": "api_log_role",
}


class Policies:
    """The applied policies of a deployment, read from IAM."""

    def __init__(self, deployment: Deployment) -> None:
        self._aws = deployment.aws
        self._applied = deployment.applied
        self._roles: dict[str, Role] = {}

    def answer(self, question: Question) -> list[str]:
        """Return the wrong decisions, one text an action."""
        problems = []
        for action in question.actions:
            decision = self._decide(question, action)
            if question.allowed:
                if not decision.allowed:
                    problems.append(f"{action} is refused: {decision.reason} by {decision.by}")
            elif decision.allowed:
                problems.append(f"{action} is allowed by {decision.by}")
            elif _denied_by(decision) != question.denied_by:
                said = f"{_denied_by(decision)} ({decision.by})"
                problems.append(f"{action} is denied by {said}, expected {question.denied_by}")
            elif question.statement and decision.by.rpartition("/")[2] != question.statement:
                problems.append(
                    f"{action} is denied by {decision.by}, expected {question.statement}"
                )
        return problems

    def _decide(self, question: Question, action: str) -> Decision:
        if question.principal:
            query = Query(action, question.resource, question.context, question.principal)
            return evaluate(query, identity=(), resource_policy=self._policy_of(question.resource))
        role = self._role(self._applied[ROLES[question.role]])
        identity = list(role.identity)
        context = {
            "aws:PrincipalArn": role.arn,
            "aws:RequestedRegion": requested_region(action, self._applied["region"]),
            **question.context,
        }
        if question.under:
            beside = self._applied["deny_policy_arn"].removesuffix("deny-tampering")
            arn = f"{beside}{question.under}"
            identity.append(managed_policy(self._aws("iam"), arn))
        if question.granted:
            identity.append(Policy(ALL, "granted"))
        query = Query(action, question.resource, context, role.arn)
        return evaluate(query, identity=identity, boundary=role.boundary)

    def _role(self, name: str) -> Role:
        if name not in self._roles:
            self._roles[name] = read_role(self._aws("iam"), name)
        return self._roles[name]

    def _policy_of(self, resource: str) -> Policy:
        """Return the policy that a resource itself has."""
        match resource.split(":")[2:]:
            case ["iam", *_]:
                role = self._aws("iam").get_role(RoleName=resource.rpartition("/")[2])
                return Policy(role["Role"]["AssumeRolePolicyDocument"], "trust", "trust")
            case ["lambda", *_, qualifier]:
                name = resource.rpartition(":")[0]
                answer = self._aws("lambda").get_policy(FunctionName=name, Qualifier=qualifier)
                document = answer["Policy"]
            case ["s3", *_, bucket]:
                answer = self._aws("s3").get_bucket_policy(Bucket=bucket.split("/")[0])
                document = answer["Policy"]
            case ["sns", *_]:
                answer = self._aws("sns").get_topic_attributes(TopicArn=resource)
                document = answer["Attributes"]["Policy"]
            case ["kms", *_]:
                answer = self._aws("kms").get_key_policy(KeyId=resource, PolicyName="default")
                document = answer["Policy"]
            case _:
                raise ValueError(f"there is no way here to read the policy of {resource}")
        return Policy(json.loads(document), f"policy of {resource}", "resource")


def _denied_by(decision: Decision) -> str:
    if decision.reason == "explicit_deny":
        return "explicit"
    return "boundary" if decision.source == "boundary" else "implicit"
