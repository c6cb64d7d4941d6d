"""What the rule-based stand-in knows: which words mean what, and what to say.

Plain tables, so that a demo can be read, changed and trusted at a glance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Escalated:
    """A kind of request that only a person may decide."""

    topic: str  # as it stands in "about …"
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Known:
    """A kind of remark that can be answered at once."""

    name: str
    pattern: re.Pattern[str]
    replies: tuple[str, ...]


def _words(*alternatives: str) -> re.Pattern[str]:
    """Match any of the alternatives at the beginning of a word, whatever their case."""
    return re.compile(rf"\b(?:{'|'.join(alternatives)})", re.IGNORECASE)


ESCALATED: Final = (
    Escalated(
        "a discount",
        _words(
            r"discount",
            r"rebate",
            r"voucher",
            r"coupon",
            r"promo",
            r"\d+ ?(?:%|percent)",
            r"cheaper",
            r"better price",
            r"price match",
            r"match (?:the|that|their) price",
            r"(?:lower|reduce|special) (?:the |your )?price",
            r"deal\b",
            r"price exception",
            r"half price",
        ),
    ),
    Escalated(
        "a refund",
        _words(
            r"refund",
            r"money back",
            r"compensat",
            r"reimburs",
            r"charge(?:d me)? (?:me )?twice",
            r"credit note",
            r"goodwill",
        ),
    ),
    Escalated(
        "an exception to the returns policy",
        _words(
            r"(?:return|send (?:it |this )?back).{0,40}\b(?:after|late|open|used|without)",
            r"(?:past|over|more than) (?:the )?(?:30|thirty) days",
            r"lost (?:the|my) receipt",
        ),
    ),
    Escalated(
        "an exception to the delivery",
        _words(
            r"deliver(?:y|ed|ing)?.{0,40}\b(?:today|tomorrow|sunday|saturday|tonight|evening|"
            r"earlier|faster|abroad|upstairs|floor|island|monday|friday|by )",
            r"(?:today|tomorrow|same[- ]day|express|overnight|weekend).{0,30}deliver",
            r"carry (?:it )?up",
            r"change (?:the|my) (?:delivery )?address",
            r"(?:hold|reserve|keep) (?:it|one|this|that|my order)",
        ),
    ),
    Escalated(
        "a complaint",
        _words(
            r"complain", r"broken", r"damaged", r"scratch", r"defect", r"lawyer", r"unacceptable"
        ),
    ),
    Escalated(
        "stock",
        _words(r"in stock", r"availab", r"back in", r"when will .{0,30}(?:arrive|be there)"),
    ),
    Escalated(
        "a question for the team",
        _words(
            r"(?:ask|check with|talk to|speak (?:to|with)|call|get).{0,20}"
            r"(?:manager|boss|supervisor|colleague|human|person|someone|somebody|team)",
            r"real (?:human|person)",
            r"make an exception",
        ),
    ),
)

KNOWN: Final = (
    Known(
        "news",
        _words(
            r"any news",
            r"any answer",
            r"heard (?:back|anything)",
            r"(?:still|how long).{0,20}wait",
            r"what about my question",
            r"how long (?:does|will|is)(?: it| this)",
        ),
        (),  # depends on what is open; see RuleBasedLLM
    ),
    Known(
        "hours",
        _words(r"open(?:ing)?\b.{0,20}(?:hour|time|until|on|today|tomorrow)?", r"clos(?:e|ing)\b"),
        ("We're open Monday to Friday from 9 to 18 and Saturday from 10 to 16. Sundays we rest.",),
    ),
    Known(
        "returns",
        _words(r"return", r"send .{0,15}back", r"exchange"),
        (
            (
                "You can send anything unused back within 30 days. The money is with you five "
                "working days after it reaches us."
            ),
        ),
    ),
    Known(
        "shipping",
        _words(r"ship", r"deliver", r"postage", r"how long .{0,20}take", r"arrive"),
        ("Delivery takes three to five working days. It costs 4.90, and from 50 on it's free.",),
    ),
    Known(
        "warranty",
        _words(r"warrant", r"guarantee"),
        ("Everything we sell comes with a two-year warranty.",),
    ),
    Known(
        "payment",
        _words(r"pay(?:ment|pal)?\b", r"credit card", r"invoice", r"visa", r"mastercard"),
        ("You can pay by card, by bank transfer or with PayPal.",),
    ),
    Known(
        "where",
        _words(r"where (?:are|is) (?:you|the shop|your)", r"address", r"location"),
        ("You'll find us at 12 Orchard Lane, right next to the old mill.",),
    ),
    Known(
        "wares",
        _words(r"what (?:do|can) you (?:sell|have)", r"products", r"catalog"),
        (
            (
                "Furniture and things for the home: shelves, tables, lamps, and a lot of warm "
                "blankets. Is there something you have in mind?"
            ),
        ),
    ),
    Known(
        "able",
        _words(r"what can you do", r"help\b", r"how does this work"),
        (
            (
                "I can tell you about opening hours, delivery, returns, payment and warranty. What "
                "I must not decide, such as a discount, I ask a colleague, and we go on talking."
            ),
        ),
    ),
    Known(
        "machine",
        _words(r"are you (?:a |an )?(?:human|robot|bot|real|ai|machine)", r"who are you"),
        ("I'm the shop's assistant, a machine. For what matters I have people to ask.",),
    ),
    Known(
        "thanks",
        _words(
            r"thank",
            r"thx",
            r"cheers",
            r"^(?:great|perfect|awesome|cool|nice|wonderful)\b",
        ),
        ("You're very welcome! Anything else I can do for you?", "My pleasure. What else?"),
    ),
    Known(
        "bye",
        _words(r"bye", r"see you", r"good ?night", r"that(?:'s| is) all"),
        ("Goodbye, and thanks for stopping by!",),
    ),
    Known(
        "mood",
        _words(r"how are you", r"how(?:'s| is) it going", r"what's up"),
        ("Very well, thank you! How can I help you today?",),
    ),
    Known(
        "weather",
        _words(r"weather", r"rain(?:ing)?\b", r"sunny"),
        ("I don't get out much, but in here it's always warm. What can I do for you?",),
    ),
    Known(
        "hello",
        _words(r"hi\b", r"hello", r"hey\b", r"good (?:morning|afternoon|evening|day)"),
        ("Hello! Nice to have you here. What can I do for you?",),
    ),
)

OFFER: Final = "That one I can't answer myself. Shall I ask a colleague?"
AGREED: Final = _words(
    r"yes\b", r"yeah", r"yep", r"please", r"sure", r"ok(?:ay)?\b", r"go ahead", r"do (?:it|so|that)"
)
REFUSED: Final = _words(r"no\b", r"nope", r"never mind", r"not now", r"don't")


def escalated(text: str) -> Escalated | None:
    """Find what in a customer's words needs a person."""
    return next((each for each in ESCALATED if each.pattern.search(text)), None)


def known(text: str) -> Known | None:
    """Find what in a customer's words can be answered at once."""
    return next((each for each in KNOWN if each.pattern.search(text)), None)
