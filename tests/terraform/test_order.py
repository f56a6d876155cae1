"""What no plan shows, such as what is made or ended first: the source is read."""

import botocore.session
import hcl2
import pytest

from toolkit.terraform import ROOT

# What callers use until the moment when the new one takes its place.
IN_USE = {
    ("api", "aws_api_gateway_deployment"),
    ("api", "aws_api_gateway_rest_api"),
    ("guardrail", "aws_bedrock_guardrail_version"),
}


def of_module(module: str) -> dict[str, dict[str, object]]:
    """Return a module's resources by `type.name`."""
    found = {}
    for path in sorted((ROOT / "modules" / module).glob("*.tf")):
        for block in hcl2.loads(path.read_text(encoding="utf-8")).get("resource", ()):
            for kind, named in block.items():
                for name, body in named.items():
                    if isinstance(body, dict):
                        found[f"{kind.strip('"')}.{name.strip('"')}"] = body
    return found


@pytest.mark.parametrize("module", ["api", "compute", "edge", "guardrail"])
def test_what_is_in_use_ends_after_the_new_one_is_made(module: str) -> None:
    first = {
        name.partition(".")[0]
        for name, body in of_module(module).items()
        if any(one.get("create_before_destroy") is True for one in body.get("lifecycle", ()))  # type: ignore[attr-defined] # a list of blocks
    }
    assert first == {kind for where, kind in IN_USE if where == module}


@pytest.mark.parametrize(
    ("module", "resource", "waits_for"),
    [
        # A version must not answer before its role may do what it needs, and may not do the rest.
        ("compute", "aws_lambda_function.this", {"aws_iam_role_policy.further",
         "aws_iam_role_policy.guardrail", "aws_iam_role_policy.invoke",
         "aws_iam_role_policy.memory", "aws_iam_role_policy.vpc",
         "aws_iam_role_policy_attachment.deny_tampering"}),
        # A deployment is a snapshot of what is there.
        ("api", "aws_api_gateway_deployment.this",
         {"aws_api_gateway_gateway_response.this", "aws_api_gateway_integration.chat",
         "aws_api_gateway_integration.conversation",
         "aws_api_gateway_integration_response.conversation",
         "aws_api_gateway_integration_response.preflight"}),
    ],
)  # fmt: skip
def test_what_must_be_complete_waits(module: str, resource: str, waits_for: set[str]) -> None:
    listed = of_module(module)[resource]["depends_on"]
    assert isinstance(listed, list)
    assert {str(one).removeprefix("${").removesuffix("}") for one in listed} == waits_for


def test_the_guardrail_takes_every_type_of_personal_data_that_bedrock_knows() -> None:
    source = (ROOT / "modules" / "guardrail" / "main.tf").read_text(encoding="utf-8")
    types = [name.strip('"') for name in hcl2.loads(source)["locals"][0]["pii_types"]]
    bedrock = botocore.session.get_session().get_service_model("bedrock")
    known: list[str] = bedrock.shape_for("GuardrailPiiEntityType").enum
    assert types == sorted(known)
