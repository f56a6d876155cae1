"""The model of a rehearsal that names no other: a script that answers support questions.

It scores the question's words against a list of intents and says the best one's answer. It never
repeats a word of the question, so that what a caller sends cannot come back.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SCRIPT = "a script"
"""How it is named to people."""

_CHARACTERS_PER_TOKEN = 4
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Reply:
    """What the model said, why it stopped, and what that took."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    reasoning: str = ""  # what it thought before, in a block of its own


@dataclass(frozen=True)
class _Intent:
    words: frozenset[str]
    answer: str
    phrases: tuple[str, ...]


def _intent(words: str, answer: str, phrases: str = "") -> _Intent:
    return _Intent(frozenset(words.split()), answer, tuple(filter(None, phrases.split(", "))))


# Stems, so that "refunded" and "refunds" count for "refund". Of equal scores the first one wins.
_INTENTS = (
    # The next two exist so that the guardrail's policies on answers can be seen at work.
    _intent(
        "",
        "Your last login was yesterday, from 203.0.113.7.",
        "last login, last logged in",
    ),
    _intent(
        "",
        "Besides our own assistant, people who shop with us also name ChatGPT and Gemini. Both"
        " work with the export from your account page.",
        "other assistant, another assistant, third party assistant",
    ),
    _intent(
        "email mail",
        "You can write to our support team at support@shop.example. They answer within one"
        " working day.",
        "email address, contact email, support email, write to you",
    ),
    _intent(
        "deliver shipp ship arrive parcel package courier track late",
        "Parcels take two to four working days. Your order page shows where yours is, and the"
        " courier's link there gives a time window on the day it arrives.",
        "where is my order, where is my parcel, tracking number",
    ),
    _intent(
        "cancel",
        "You can cancel an order until it is packed: open it in your account and choose Cancel."
        " After that, please refuse the parcel or return it, and we refund you in full.",
    ),
    _intent(
        "refund money reimburse",
        "We refund to the card or account that you paid with, within five working days after the"
        " return reaches our warehouse. You get a message when it is on its way.",
        "money back",
    ),
    _intent(
        "return exchange unwanted size wrong",
        "You can return anything within 30 days, unused and in its box. Open the order in your"
        " account, choose Return, and print the free label.",
        "send back, send it back",
    ),
    _intent(
        "warranty guarantee broken defect faulty damage repair",
        "Everything that we sell has a two-year warranty. Open the order, choose Report a problem,"
        " and add a photo; we repair or replace it at no cost.",
        "stopped working, does not work",
    ),
    _intent(
        "invoice receipt vat bill",
        "Your invoice is on the order page as a PDF as soon as the order ships. If your company"
        " needs a VAT number on it, add that under Billing in your account first.",
    ),
    _intent(
        "pay payment card charge price cost visa paypal declin instalment",
        "We take the usual cards, PayPal and bank transfer. If a payment was declined, please check"
        " the limit with your bank, then try again from the order page; nothing is charged twice.",
    ),
    _intent(
        "password login log sign locked account access",
        "Choose Forgot password on the sign-in page, and we send a link that works for one hour."
        " After five wrong tries an account is locked for fifteen minutes, and then opens itself.",
        "sign in, log in, reset my password",
    ),
    _intent(
        "open hour close holiday weekend time",
        "Our support team is here Monday to Friday from 8 am to 8 pm, and on Saturday from 9 am to"
        " 4 pm. This chat answers at any hour.",
        "opening hours, when are you open",
    ),
    _intent(
        "human person agent colleague representative phone call speak",
        "I can pass you on to a colleague. Please open Help in your account and choose Call me"
        " back; on working days someone rings within an hour.",
        "real person, talk to someone, speak to",
    ),
    _intent(
        "order purchase bought basket checkout",
        "You find all your orders in your account under Orders, each with its state, its invoice"
        " and what you can still change. Which of these do you need?",
    ),
    _intent(
        "product item stock available recommend feature compatible colour material",
        "Each product page lists features, sizes and what it works with, and shows at once whether"
        " we have it in stock. You can ask to be told when something is back.",
    ),
    _intent(
        "detail explain everything guide step",
        " ".join(
            f"Step {number}: open your account, choose the order, read what it says, and go on to"
            " the next page when all of it is right."
            for number in range(1, 31)
        ),
        "every detail, step by step, long answer",
    ),
    _intent(
        "thank thanks great perfect cheers",
        "You are welcome. Is there anything else that I can help you with?",
    ),
    _intent(
        "hello hi hey morning afternoon evening",
        "Hello! I can help with orders, delivery, returns, payments and your account. What do you"
        " need?",
    ),
)

_FALLBACK = (
    "I would like to help, and need a little more to do so. Is it about an order, a delivery, a"
    " return, a payment or your account?"
)

_STEMS = frozenset[str]().union(*(intent.words for intent in _INTENTS))
_LONGEST_STEM = max(map(len, _STEMS))

_THOUGHT = "They want help with an order, so I look for the page that says it best. "


def answer(
    question: str, *, input_characters: int, max_tokens: int, thinking_tokens: int = 0
) -> Reply:
    """Answer a customer's last message, in at most `max_tokens` tokens, thinking among them."""
    thought = min(thinking_tokens, max_tokens)
    left = max_tokens - thought
    text = _best(question)
    tokens = count_tokens(len(text))
    stop_reason = "end_turn"
    if tokens > left:
        text = text[: left * _CHARACTERS_PER_TOKEN].rstrip()
        tokens = left
        stop_reason = "max_tokens"
    return Reply(
        text,
        stop_reason,
        count_tokens(input_characters),
        thought + tokens,
        (_THOUGHT * thought)[: thought * _CHARACTERS_PER_TOKEN].rstrip(),
    )


def count_tokens(characters: int) -> int:
    """Estimate the tokens of a text: about four characters each, in English."""
    return max(1, math.ceil(characters / _CHARACTERS_PER_TOKEN))


def _best(question: str) -> str:
    words = _words(question)
    spoken, stems = f" {' '.join(words)}", _stems(words)
    best, best_score = _FALLBACK, 0
    for intent in _INTENTS:
        score = 3 * sum(f" {phrase}" in spoken for phrase in intent.phrases)
        score += len(intent.words & stems)
        if score > best_score:
            best, best_score = intent.answer, score
    return best


def _stems(words: Iterable[str]) -> frozenset[str]:
    """Return the stems that some word begins with, or is."""
    # A short stem is a word of its own: "hi" is not in "high".
    beginnings = {word[:end] for word in words for end in range(4, _LONGEST_STEM + 1)}
    return _STEMS & beginnings.union(words)


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text).casefold().replace("e-mail", "email")
    return _WORD.findall(folded)
