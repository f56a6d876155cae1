"""The proofs are well-formed, prove both sides of every control, and their page is fresh."""

import re
from pathlib import Path

import pytest

from toolkit.errors import ToolkitError
from toolkit.pages.controls import PAGE, UNCONFIRMED, page, unconfirmed
from toolkit.proofs.data import Control, beliefs, load
from toolkit.proofs.kinds import LAYERS, ORDINARY_MESSAGE, Call, Rehearsed, Request
from toolkit.terraform import ROOT

CONTROLS = load()
OWASP = {
    "LLM01:2025 Prompt Injection",
    "LLM02:2025 Sensitive Information Disclosure",
    "LLM03:2025 Supply Chain",
    "LLM04:2025 Data and Model Poisoning",
    "LLM05:2025 Improper Output Handling",
    "LLM06:2025 Excessive Agency",
    "LLM07:2025 System Prompt Leakage",
    "LLM08:2025 Vector and Embedding Weaknesses",
    "LLM09:2025 Misinformation",
    "LLM10:2025 Unbounded Consumption",
}
EDGE = 'layer = "edge"\nabout = ""'
CONTROL = """
[control.a-control]
promise = "It holds."
owasp = ""
resource = "module.edge.aws_wafv2_web_acl.this"
"""
REQUEST = '[[control.a-control.passes]]\nname = "a"\nmessage = "Hello"\n'
STOPPED = '[[control.a-control.stopped]]\nname = "a"\nmessage = "Hello"\n'


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_a_control_is_stopped_by_and_lets_through(control: Control) -> None:
    assert any(not proof.stops for proof in control.proofs)
    assert any(proof.stops for proof in control.proofs) or control.unprovoked
    assert control.owasp in OWASP | {""}
    assert re.fullmatch(r"[a-z][a-z0-9-]+", control.name)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_a_control_names_a_resource_that_there_is(control: Control) -> None:
    found = re.match(r"module\.(\w+)\.(aws_\w+)\.(\w+)(?:, rule (\S+))?", control.resource)
    assert found, control.resource
    module, kind, name, rule = found.groups()
    terraform = "\n".join(file.read_text() for file in (ROOT / "modules" / module).glob("*.tf"))
    assert f'resource "{kind}" "{name}"' in terraform
    assert not rule or re.search(rf'(?:name += "|^ +){rule}\b', terraform, re.MULTILINE)


def test_every_denied_action_is_asked() -> None:
    text = (ROOT / "modules" / "governance" / "deny-tampering.tf").read_text()
    text = text.partition("  scopes = {")[0]
    denied = re.findall(r'"((?:bedrock|bedrock-mantle|[a-z0-9]+):[A-Za-z*]+)"', text)
    asked = [
        action
        for control in CONTROLS
        for proof in control.proofs
        if getattr(proof, "denied_by", "") == "explicit"
        for action in getattr(proof, "actions", ())
    ]
    assert len(denied) > 80
    unasked = [
        action
        for action in denied
        if not any(re.fullmatch(action.replace("*", r"\w*"), one) for one in asked)
    ]
    assert unasked == []


def test_a_whole_run_leaves_most_of_the_monthly_quota() -> None:
    requests = [p for control in CONTROLS for p in control.proofs if isinstance(p, Request)]
    assert sum(request.counts and not request.not_on_aws for request in requests) <= 250


def test_every_call_that_is_refused_is_recorded_or_is_a_data_event() -> None:
    calls = [p for control in CONTROLS for p in control.proofs if isinstance(p, Call)]
    assert [call.name for call in calls if not call.event] == ["delete a record"]


def test_the_pages_are_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CONTROLS), "run `make docs`"
    fresh = unconfirmed(beliefs(CONTROLS))
    assert UNCONFIRMED.read_text(encoding="utf-8") == fresh, "run `make docs`"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('belief = "b"\nknown = "c"\notherwise = "d"', "no proof settles a"),
        ('belief = "b"', "each has belief, known and otherwise"),
        ('belief = "b"\nknown = "c"\notherwise = "d"\nby_hand = "e"', "lacks x"),
    ],
)
def test_what_is_believed_is_shown_and_what_is_shown_is_believed(
    text: str, said: str, tmp_path: Path
) -> None:
    controls = load(_written(tmp_path, f'{EDGE}{CONTROL}{REQUEST}settles = "x"'))
    (tmp_path / "unconfirmed.toml").write_text(f"[a]\n{text}\n")
    with pytest.raises(ToolkitError, match=re.escape(said)):
        beliefs(controls, tmp_path)


def _written(folder: Path, edge: str) -> Path:
    for layer in LAYERS:
        text = edge if layer == "edge" else f'layer = "{layer}"\nabout = ""\ncontrol = {{}}\n'
        (folder / f"{layer}.toml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'needs layer = "edge"'),
        ('layer = "api"\ncontrol = {}', 'needs layer = "edge"'),
        (f"{EDGE}\n[control.x]", "lacks promise, resource"),
        (f'{EDGE}{CONTROL}colour = "red"', "unknown colour"),
        (f"{EDGE}{CONTROL}{CONTROL}", "edge.toml cannot be read: "),
        (f"{EDGE}{CONTROL}{REQUEST}{REQUEST}", "two proofs are called a"),
        (f"{EDGE}{CONTROL}{REQUEST}staus = 200", "unexpected keyword argument 'staus'"),
        (f'{EDGE}{CONTROL}{REQUEST}body = "x"', "one of message, body"),
        (f'{EDGE}{CONTROL}{REQUEST}key = "mine"', "key must be one of"),
        (f'{EDGE}{CONTROL}{REQUEST}disguise = "a hat"', "disguise 'a hat'"),
        (f'{EDGE}{CONTROL}{STOPPED}stopped_by = "edge"', "the edge needs a rule"),
        (f"{EDGE}{CONTROL}{STOPPED}", "what is stopped needs stopped_by or hides"),
        (f'{EDGE}{CONTROL}{REQUEST}rehearsed.key = "own"', "rehearsed.key must be one of"),
        (f'{EDGE}{CONTROL}{REQUEST}fault = "none"', "unexpected keyword argument 'fault'"),
        (f"{EDGE}{CONTROL}defaults.passes = {{ status = 204 }}", "and none of these"),
        (f'{EDGE}{CONTROL}request = [{{ name = "a" }}]', "unknown request. Proofs are called"),
        (f'{EDGE}{CONTROL}{REQUEST}code = "forbidden"', "what passes has no code"),
        (f'{EDGE}{CONTROL}denied = [{{ name = "a", actions = [] }}]', "denied_by must be one of"),
        (f'{EDGE}{CONTROL}evidence = [{{ name = "a", log = "waf" }}]', "log must be"),
        (f'{EDGE}{CONTROL}evidence = [{{ name = "a", call = "a.b" }}]', "find and equals"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ToolkitError, match=re.escape(said)):
        load(_written(tmp_path, text))


def test_no_two_layers_have_a_control_of_one_name(tmp_path: Path) -> None:
    folder = _written(tmp_path, f"{EDGE}{CONTROL}{REQUEST}")
    (folder / "api.toml").write_text(f'layer = "api"\nabout = ""{CONTROL}{REQUEST}')
    with pytest.raises(ToolkitError, match="two controls are called a-control"):
        load(folder)


def test_a_proof_stands_over_the_defaults_of_its_control_and_its_layer(tmp_path: Path) -> None:
    text = (
        f'{EDGE}\ndefaults.stopped = {{ status = 403, code = "x", stopped_by = "edge" }}{CONTROL}'
        'defaults.stopped = { code = "y", rule = "r", message = "Hello" }\n'
        'stopped = [{ name = "a" }, { name = "b", body = "{}", status = 400 }]'
    )
    first, second = load(_written(tmp_path, text))[0].proofs
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert (first.message, first.status, first.code, first.rule) == ("Hello", 403, "y", "r")
    assert (second.message, second.body, second.status) == (None, "{}", 400)


def test_a_layer_gives_its_controls_resource_rule_and_an_ordinary_message(tmp_path: Path) -> None:
    control = CONTROL.replace('resource = "module.edge.aws_wafv2_web_acl.this"\n', "")
    text = (
        f'{EDGE}\ndefaults.resource = "acl, rule {{control}}"\n'
        'defaults.stopped = { stopped_by = "edge", rule = "{control}" }\n'
        f'{control}stopped = [{{ name = "a" }}, {{ name = "b", method = "GET" }}]'
    )
    (loaded,) = load(_written(tmp_path, text))
    posted, got = loaded.proofs
    assert loaded.resource == "acl, rule a-control"
    assert isinstance(posted, Request)
    assert isinstance(got, Request)
    assert (posted.rule, posted.message, got.message) == ("a-control", ORDINARY_MESSAGE, None)


@pytest.mark.parametrize(
    ("switches", "reason"),
    [({"without": "edge"}, "a real layer is not detached for a proof"), ({}, "")],
)
def test_what_needs_a_switch_of_the_emulator_is_not_asked_of_aws(
    switches: dict[str, str], reason: str
) -> None:
    about = {"layer": "edge", "control": "c", "name": "n", "message": "Hi"}
    assert Request(**about, rehearsed=Rehearsed(**switches)).not_on_aws == reason  # type: ignore[arg-type]
    given = Request(**about, rehearsed=Rehearsed(**switches), not_on_aws="why")  # type: ignore[arg-type]
    assert given.not_on_aws == "why"


@pytest.mark.parametrize(
    ("request_", "content"),
    [
        ({"message": "é"}, b'{"message": "\xc3\xa9"}'),
        ({"message": "a", "spaces": 3}, b'{"message":    "a"}'),
        ({"repeat": {"char": "a", "count": 3, "then": "b"}}, b'{"message": "aaab"}'),
        ({"nested": 2}, b'{"message": [["Hello"]]}'),
        ({"body": "x", "encoding": "utf-16-le"}, b"x\x00"),
        ({"message": "Hi", "disguise": "hexadecimal"}, b'{"message": "4869"}'),
    ],
)
def test_a_body_is_made_as_described(request_: dict[str, object], content: bytes) -> None:
    made = Request(layer="edge", control="c", name="n", **request_)  # type: ignore[arg-type]
    assert made.content() == content
