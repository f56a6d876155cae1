"""Our signature beside botocore's, which AWS wrote."""

import json
from datetime import UTC, datetime
from unittest.mock import patch

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chatbot.signing import Keys, Scope, signed_headers

HOST = "bedrock-runtime.us-east-2.amazonaws.com"
WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40)
# botocore takes "." and ".." out of a path; no model is called so.
MODEL = st.text(st.sampled_from("abcXYZ0123456789.-%_~"), min_size=1, max_size=60).filter(
    lambda model: model not in {".", ".."}
)
MOMENT = st.integers(946_684_800, 4_102_444_799)


@given(
    key_id=WORD,
    secret=WORD,
    token=WORD | st.just(""),
    region=WORD,
    model=MODEL,
    body=st.binary(max_size=200),
    at=MOMENT,
)
def test_signs_as_botocore_does(
    *, key_id: str, secret: str, token: str, region: str, model: str, body: bytes, at: int
) -> None:
    path = f"/model/{model}/converse"
    ours = signed_headers(
        Keys(key_id, secret, token), Scope("bedrock", region, HOST), path, body, at=at
    )
    request = AWSRequest(
        "POST", f"https://{HOST}{path}", data=body, headers={"Content-Type": "application/json"}
    )
    theirs = botocore.auth.SigV4Auth(Credentials(key_id, secret, token or None), "bedrock", region)
    with patch.object(
        botocore.auth, "get_current_datetime", lambda: datetime.fromtimestamp(at, UTC)
    ):
        theirs.add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]
    assert ours.get("x-amz-security-token") == request.headers.get("X-Amz-Security-Token")


def test_keys_are_never_shown() -> None:
    assert json.dumps(repr(Keys("AKIDEXAMPLE", "not-a-secret", "a-token"))) == '"Keys(\\u2026)"'
