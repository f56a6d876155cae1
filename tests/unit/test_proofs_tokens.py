"""Which token a request is sent with."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from toolkit import tokens
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CannotAskError
from toolkit.proofs.kinds import Request

POOL = "arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_Example01"
IDENTITY: dict[str, Any] = {"user_pool_arns": [POOL], "scopes": None}


def encoded(document: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(_: str, identity: Mapping[str, Any], **changed: Any) -> str:
    wish = {**tokens.asked_for(identity), **changed}
    claims = {**wish, "sub": "a-person", "email": "mary@person.example"}
    return f"{encoded({'alg': 'RS256'})}.{encoded(claims)}.signature"


def deployment(identity: Mapping[str, Any] | None = IDENTITY, **more: Any) -> Deployment:
    return Deployment("http://127.0.0.1/chat", "k", outputs={"identity": identity}, **more)


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setattr(tokens, "sign", signed)
    return deployment(endpoint="http://127.0.0.1")


def test_without_sign_in_there_is_no_token() -> None:
    for endpoint in ("", "http://127.0.0.1"):
        assert deployment(None, endpoint=endpoint).tokens.of("own") == ""


def test_on_aws_it_is_the_one_that_was_given_and_without_nothing_is_asked() -> None:
    assert deployment(token="a.b.c").tokens.of("own") == "a.b.c"
    assert deployment().tokens.of("none") == ""
    with pytest.raises(CannotAskError, match="CHATBOT_TOKEN"):
        deployment().tokens.of("own")


def test_each_kind_differs_from_a_good_one_in_one_thing(rehearsed: Deployment) -> None:
    def parts(kind: str) -> tuple[Any, Any, str]:
        head, claims, signature = rehearsed.tokens.of(kind).split(".")
        return decoded(head), decoded(claims), signature

    head, good, signature = parts("own")
    assert (good["user_pool"], good["token_use"]) == (POOL, "id")
    assert parts("tampered") == (head, good | {"sub": "another"}, signature)
    assert parts("unsigned") == ({"alg": "none"}, good, "")
    assert parts("expired") == (head, good | {"expires_in": -60}, signature)
    assert parts("other-kind") == (head, good | {"token_use": "access"}, signature)
    assert parts("elsewhere")[1]["user_pool"] not in {POOL, None}
    secrets = rehearsed.tokens.secrets()
    assert secrets >= {"a-person", "mary@person.example"}
    assert sum(text.startswith("ey") for text in secrets) == 6


def test_with_scopes_an_access_token_is_asked_for() -> None:
    wish = tokens.asked_for({"user_pool_arns": [POOL], "scopes": ["chatbot/ask", "x"]})
    assert wish == {"user_pool": POOL, "token_use": "access", "scopes": ["chatbot/ask"]}


def test_a_proof_of_a_token_is_asked_where_people_sign_in_alone() -> None:
    about: dict[str, Any] = {"layer": "api", "control": "c", "name": "n", "message": "Hi"}
    assert "sign_in" in Request(**about, bearer="none").wrong()
    assert Request(**about, bearer="none", requires={"sign_in": True}).wrong() == ""
    assert "bearer" in Request(**about, bearer="any").wrong()
    assert Request(**about, bearer="expired").not_on_aws
    assert not Request(**about, bearer="tampered").not_on_aws
