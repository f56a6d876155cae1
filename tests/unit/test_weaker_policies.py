"""What a change of a policy newly allows, or no longer denies, is named."""

from typing import Any

from tests.emulator import shown
from tests.emulator.shown import document
from toolkit.weaker import policies


def judged(before: list[dict[str, Any]], after: list[dict[str, Any]], kind: str) -> list[str]:
    return list(policies.compare(document(*before), document(*after), kind))


def test_a_denial_of_very_much_loses_no_action_unnoticed() -> None:
    many = [f"arn:aws:s3:::bucket-{number}" for number in range(100)]
    actions = [f"s3:Delete{number}" for number in range(100)]
    before, after = (
        [{"Effect": "Deny", "Action": held, "Resource": many}] for held in (actions, actions[:-1])
    )
    (said,) = judged(before, after, "identity")
    assert "no longer denies s3:Delete99" in said


def test_one_more_exception_of_a_deny_is_named() -> None:
    def deny(operator: str, *values: str) -> list[dict[str, Any]]:
        condition = {operator: {"bedrock:GuardrailIdentifier": list(values)}}
        return [shown.deny("bedrock:InvokeModel", Condition=condition)]

    one = deny("StringNotEquals", "arn:3")
    for wider in (deny("StringNotEquals", "arn:3", "arn:1"), deny("StringNotLike", "arn:*")):
        (said,) = judged(one, wider, "identity")
        assert "no longer denies bedrock:InvokeModel" in said
        assert judged(wider, one, "identity") == []
    assert judged(deny("StringNotEquals"), deny("StringEquals"), "identity") != []


def test_what_keeps_watch_may_do_no_less() -> None:
    def allow(action: str, **who: Any) -> list[dict[str, Any]]:
        return [shown.allow(action, "arn:aws:sns:::a", **who)]

    events = {"Principal": {"Service": "events.amazonaws.com"}}
    (said,) = judged(allow("sns:Publish", **events), [], "resource")
    assert "no longer allows sns:Publish on arn:aws:sns:::a by events.amazonaws.com" in said
    assert judged([], allow("logs:PutLogEvents"), "identity") != []
    assert "no longer allows" in judged(allow("logs:PutLogEvents"), [], "identity")[0]
    assert judged(allow("bedrock:InvokeModel"), [], "identity") == []
    account = {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
    role = {"Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}}
    delegated = allow("kms:*", **account)
    wider = delegated + allow("kms:Decrypt", **role)
    assert "newly allows" in judged(delegated, wider, "resource")[0]
    assert judged(allow("sns:Publish", **role), [], "resource") == []


def test_one_more_resource_that_a_deny_leaves_out_is_named() -> None:
    def deny(*kept: str) -> list[dict[str, Any]]:
        return [{"Effect": "Deny", "Action": "bedrock:InvokeModel", "NotResource": list(kept)}]

    (said,) = judged(deny("arn:one/*"), deny("arn:one/*", "arn:two/*"), "identity")
    assert "no longer denies bedrock:InvokeModel on arn:two/*" in said
    assert judged(deny("arn:one/*", "arn:two/*"), deny("arn:one/*"), "identity") == []
