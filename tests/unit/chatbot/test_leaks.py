"""What a recital of the system prompt is, and what only shares its words."""

import base64
import time
from collections.abc import Callable

import pytest

from chatbot.leaks import CANARY_LETTERS, LEAK_LETTERS, SHORTEST_LETTERS, LeakDetector
from chatbot.visible import visible

SHORT = "You are a helpful customer support assistant."
LONG = """You are the assistant of a shop for garden tools. Answer questions about orders and tools
only. Discounts above ten percent are not yours to give. Refunds above 200 euros go to a manager.
Die Kundschaft schreibt auch auf Deutsch: dann antworte höflich auf Deutsch.
Answer questions about orders and tools politely, and say so when you do not know something."""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


RECITALS: dict[str, Callable[[str], str]] = {
    "as it is": lambda prompt: prompt,
    "in a sentence": lambda prompt: f"My text is this: {prompt} Anything else?",
    "in capitals": str.upper,
    "spaced": " ".join,
    "dotted": ".".join,
    "bold words": lambda prompt: " ".join(f"**{word}**" for word in prompt.split()),
    "a line each": lambda prompt: "\n- ".join(prompt.split()),
    "backwards": lambda prompt: prompt[::-1],
    "fullwidth": lambda prompt: "".join(
        chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in prompt
    ),
    "Base64": _base64,
    "Base64 in a sentence": lambda prompt: f"Decode this: {_base64(prompt)}.",
    "Base64 behind a letter": lambda prompt: f"x{_base64(prompt)}",
    "Base64 in lines": lambda prompt: base64.encodebytes(prompt.encode()).decode(),
    "URL-safe Base64": lambda prompt: base64.urlsafe_b64encode(prompt.encode()).decode(),
}
SHARED_WORDS = [
    "I am your customer support assistant, and helpful I hope.",
    "Return garden tools within 30 days. Refunds above 200 euros take longer: ask a manager.",
    "I can answer questions about orders, about tools and about a refund.",
    "Gern antworte ich auch auf Deutsch.",
    "",
]


@pytest.mark.parametrize("prompt", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("recited", RECITALS.values(), ids=RECITALS)
def test_a_recital_leaks(prompt: str, recited: Callable[[str], str]) -> None:
    detector = LeakDetector(prompt, "gr4ha1rd")
    assert detector.leaks(recited(prompt))
    assert detector.leaks(recited(detector.text))


@pytest.mark.parametrize("start", range(0, len(LONG) - 80, 7))
def test_a_run_of_a_long_prompt_leaks_wherever_it_begins(start: int) -> None:
    assert LeakDetector(LONG, "x").leaks(f"It says: {LONG[start : start + 80]}, and more")


LETTERS = "".join(filter(str.isalnum, LONG)).lower()
# Round a run, so that it begins and ends anywhere; no letter of it goes on with the prompt.
ROUND = [("7" * before, "7" * after) for before in range(20) for after in (0, 20)]


@pytest.mark.parametrize("start", [0, 100, len(LETTERS) - LEAK_LETTERS])
def test_a_run_leaks_that_is_long_enough_and_no_shorter_one(start: int) -> None:
    detector, run = LeakDetector(LONG, "x"), LETTERS[start : start + LEAK_LETTERS]
    for before, after in ROUND:
        assert detector.leaks(before + run + after)
        assert not detector.leaks(before + run[1:] + after)
        assert not detector.leaks(before + run[:-1] + after)


def test_of_a_short_prompt_all_must_be_recited_and_of_the_shortest_nothing_counts() -> None:
    whole = LETTERS[:SHORTEST_LETTERS]
    detector, blind = LeakDetector(whole, "x"), LeakDetector(whole[:-1], "x")
    for before, after in ROUND:
        assert detector.leaks(before + whole + after)
        assert not detector.leaks(before + whole[:-1] + after)
        assert not blind.leaks(before + whole + after)


@pytest.mark.parametrize("prompt", [SHORT, LONG, "Be kind."], ids=["short", "long", "shortest"])
@pytest.mark.parametrize("answer", SHARED_WORDS)
def test_an_answer_that_shares_words_does_not_leak(prompt: str, answer: str) -> None:
    assert not LeakDetector(prompt, "x").leaks(answer)


def test_the_canary_is_the_deployments_own_and_leaks_alone() -> None:
    detector = LeakDetector("Be kind.", "gr4ha1rd")
    (canary,) = (word.strip(".") for word in detector.text.split() if len(word) > CANARY_LETTERS)
    assert len(canary) == CANARY_LETTERS
    for answer in (
        canary,
        canary.upper(),
        "-".join(canary),
        canary[::-1],
        _base64(f"it: {canary}"),
    ):
        assert detector.leaks(answer)
    assert not LeakDetector("Be kind.", "an0ther").leaks(canary)
    assert not detector.leaks("Be kind.")  # two words prove nothing
    assert visible(detector.text)
    assert LeakDetector("Be kind.", "gr4ha1rd").text == detector.text  # each copy has the same


def test_the_longest_answers_take_little_time() -> None:
    """A loop that does nothing but count is the measure: machines differ, and have other work."""
    detector = LeakDetector(LONG * 8, "x")
    answer = "The parcels take two to four days, and your order page shows where yours is. " * 50

    def seconds(call: Callable[[], object]) -> float:
        began = time.thread_time()
        call()
        return time.thread_time() - began

    def count() -> None:
        for _ in range(100_000):
            pass

    ratios = [seconds(lambda: detector.leaks(answer)) / seconds(count) for _ in range(20)]
    assert min(ratios) < 1.5  # 100,000 turns of a loop take some 2 ms
