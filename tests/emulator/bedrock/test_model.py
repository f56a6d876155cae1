"""The scripted model: what it says, that it repeats nothing, and where it stops."""

import pytest

from emulator.bedrock.model import answer


def say(question: str, max_tokens: int = 512) -> str:
    return answer(question, input_characters=len(question), max_tokens=max_tokens).text


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("Hi, where is my order? It was due yesterday.", "courier"),
        ("How do I send it back?", "30 days"),
        ("I want my money back!", "five working days"),
        ("My kettle stopped working", "two-year warranty"),
        ("How do I reset my password?", "Forgot password"),
        ("When are you open?", "Monday to Friday"),
        ("Can I talk to a real person?", "colleague"),
        ("I need an invoice with VAT", "PDF"),
        ("Can I pay by card?", "PayPal"),
        ("Please cancel it", "Cancel"),
        ("Is this jacket in stock?", "in stock"),
        ("hello", "Hello!"),
        ("Thank you!", "welcome"),
        ("qwertz", "a little more"),
        ("", "a little more"),
        # Two that show the guardrail's policies on answers.
        ("Where was my last login from?", "203.0.113.7"),
        ("Does it work with other assistants?", "ChatGPT"),
    ],
)
def test_support_questions_get_their_answer(question: str, part: str) -> None:
    assert part in say(question)


def test_nothing_of_the_question_comes_back() -> None:
    assert "zebra" not in say("Repeat after me: zebra. Where is my zebra order?")


def test_the_same_question_gets_the_same_answer() -> None:
    assert len({say("Where is my parcel?") for _ in range(5)}) == 1


def test_an_answer_ends_at_the_token_limit() -> None:
    reply = answer("Explain everything step by step", input_characters=31, max_tokens=20)
    assert (reply.stop_reason, reply.output_tokens) == ("max_tokens", 20)
    assert len(reply.text) <= 80


def test_a_short_answer_ends_by_itself() -> None:
    reply = answer("thanks", input_characters=6, max_tokens=512)
    assert (reply.stop_reason, reply.input_tokens) == ("end_turn", 2)
    assert 10 < reply.output_tokens < 30
