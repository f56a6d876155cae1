"""The facts about AWS that age: whole, dated, and the only copy."""

import re
from datetime import UTC, date, datetime

import pytest

from emulator.waf.managed import GROUPS
from toolkit.aws_facts import Route, facts, fits, geographies, managed_rule_groups, models, route
from toolkit.terraform import ROOT

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
EU = {"eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"}
US = {"us-east-1", "us-east-2", "us-west-2"}


@pytest.mark.parametrize(
    ("module", "sources"),
    [("chatbot", {"models", "ends"}), ("edge", {"managed_rule_groups", "included_wcu"})],
)
def test_the_facts_are_dated_and_name_their_sources(module: str, sources: set[str]) -> None:
    found = facts(module)
    assert date.fromisoformat(found["as_of"]) <= datetime.now(UTC).date()
    assert sources <= found["sources"].keys()


def test_every_rule_group_that_is_evaluated_has_a_capacity() -> None:
    assert set(GROUPS) <= set(managed_rule_groups())


def test_every_profile_is_called_from_regions_of_its_geography() -> None:
    for model in models().values():
        for geography, profile in model.profiles.items():
            assert profile.sources, (model.id, geography)
            for region in profile.sources:
                assert fits(geography, region), (model.id, geography, region)
            for region in profile.sources | (profile.destinations or frozenset()):
                assert REGION.fullmatch(region), (model.id, geography, region)


def test_every_model_that_lives_has_profiles() -> None:
    assert all(model.profiles for model in models().values() if model.ends is None)


# Model cards of the Amazon Bedrock User Guide, "Geo inference details".
@pytest.mark.parametrize(
    ("geography", "model", "region", "regions"),
    [
        ("us", HAIKU, "us-east-2", US),
        ("us", HAIKU, "us-west-1", US | {"us-west-1"}),
        ("us", HAIKU, "ca-central-1", US | {"ca-central-1"}),
        ("eu", HAIKU, "eu-central-1", EU),
        ("eu", HAIKU, "eu-west-2", EU | {"eu-west-2"}),
        ("jp", HAIKU, "ap-northeast-1", {"ap-northeast-1", "ap-northeast-3"}),
        ("au", HAIKU, "ap-southeast-2", {"ap-southeast-2", "ap-southeast-4"}),
        ("global", HAIKU, "sa-east-1", {"sa-east-1"}),
        ("us-gov", SONNET, "us-gov-west-1", {"us-gov-east-1", "us-gov-west-1"}),
    ],
)
def test_a_profile_routes_as_its_model_card_says(
    geography: str, model: str, region: str, regions: set[str]
) -> None:
    assert route(geography, model, region) == Route(frozenset(regions), documented=True)


@pytest.mark.parametrize(
    ("geography", "model", "region"),
    [
        ("us", HAIKU, "eu-central-1"),
        ("us", HAIKU, "us-gov-west-1"),
        ("apac", HAIKU, "ap-northeast-1"),
        ("apac", "anthropic.claude-haiku-5-5", "ap-southeast-2"),
        ("jp", HAIKU, "ap-southeast-2"),
        ("au", HAIKU, "ap-southeast-1"),
        ("global", HAIKU, "us-gov-west-1"),
        ("us", "anthropic.claude-nobody-knows", "eu-central-1"),
    ],
)
def test_where_aws_has_no_profile_there_is_no_route(
    geography: str, model: str, region: str
) -> None:
    assert route(geography, model, region) is None


@pytest.mark.parametrize(
    ("geography", "model", "region"),
    [
        ("apac", "amazon.nova-lite-v1:0", "ap-northeast-1"),
        ("us", "amazon.nova-nobody-knows", "us-east-1"),
        ("us", "anthropic.claude-3-haiku-20240307-v1:0", "us-east-2"),
    ],
)
def test_a_route_that_aws_does_not_document_is_marked_as_a_guess(
    geography: str, model: str, region: str
) -> None:
    assert route(geography, model, region) == Route(frozenset({region}), documented=False)


def test_the_function_accepts_the_profiles_of_every_geography() -> None:
    text = (ROOT / "modules/compute/variables.tf").read_text(encoding="utf-8")
    named = re.findall(r"\(((?:[a-z-]+\|)+[a-z-]+)\)\\\\\.", text)
    assert named
    assert {frozenset(names.split("|")) for names in named} == {geographies()}


def test_no_program_and_no_module_repeats_a_fact() -> None:
    """A date of a model or the capacity of a rule group stands in the data files alone."""
    ends = {str(model.ends) for model in models().values() if model.ends}
    capacities = {rf'{name}"? *[:=] *{wcu}\b' for name, wcu in managed_rule_groups().items()}
    repeated = re.compile("|".join(ends | capacities))
    assert repeated.search('"AWSManagedRulesSQLiRuleSet" = 200')
    for folder in ("modules", "emulator", "toolkit", "scripts"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".tf"}:
                assert not repeated.search(path.read_text(encoding="utf-8")), path
