"""What is attached to a question: options, turns, facts and links that are none, or too many."""

from __future__ import annotations

from typing import Any, Final

from hostile.case import CUSTOMER, Case, of_both_eras, refused, rows

_HELLO: Final = {"speaker": "customer", "text": CUSTOMER}
_ORDER: Final = {"title": "The order", "url": "https://shop.example/o?id=7"}


def _turns(**changed: Any) -> list[dict[str, Any]]:
    return [{**_HELLO, **changed}]


def _links(**changed: Any) -> list[dict[str, Any]]:
    return [{**_ORDER, **changed}]


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


_OPTIONS: Final = rows(
    ("one", ["a"], "options: ", "at least 2"),
    ("none", [], "options: ", "at least 2"),
    ("26", [f"o{n}" for n in range(26)], "options: ", "at most 25 entries"),
    ("10,000", [f"o{n}" for n in range(10_000)], "options: ", "at most 25 entries"),
    ("twice the same", ["a", "a"], "options: ", "twice"),
    ("the same but for spaces", ["a", " a "], "options: ", "twice"),
    ("of 81 characters", ["a", "x" * 81], "options.1: ", "at most 80 characters"),
    ("empty", ["a", ""], "options.1: ", "must not be empty"),
    ("unseen", ["a", "\u2060"], "options.1: ", "must not be empty"),
    ("with NUL", ["a", "b\x00"], "options.1: ", "NUL"),
    ("of numbers", [1, 2], "options.0: ", "valid string"),
    ("of lists", [["a"], ["b"]], "options.0: ", "valid string"),
    ("as a text", "a,b", "options: ", "valid list"),
    ("as an object", {"a": "b"}, "options: ", "valid list"),
)
_TURNS: Final = rows(
    ("as a text", "hi", "turns: ", "valid list"),
    ("as an object", _HELLO, "turns: ", "valid list"),
    ("21", [_HELLO] * 21, "turns: ", "at most 20 entries"),
    ("of texts", ["hi"], "turns.0: ", "valid dictionary"),
    ("of null", [None], "turns.0: ", "valid dictionary"),
    ("by nobody", [{"text": "hi"}], "turns.0.speaker: ", "is required"),
    ("by the system", _turns(speaker="system"), "turns.0.speaker: ", "'colleague'"),
    ("by a number", _turns(speaker=0), "turns.0.speaker: ", "'colleague'"),
    ("without a text", [{"speaker": "agent"}], "turns.0.text: ", "is required"),
    ("of nothing", _turns(text=""), "turns.0.text: ", "must not be empty"),
    ("of 1,001 characters", _turns(text="x" * 1_001), "turns.0.text: ", "at most 1000"),
    ("with NUL", _turns(text="\x00"), "turns.0.text: ", "NUL"),
    ("of a number", _turns(text=1), "turns.0.text: ", "valid string"),
    ("with more", _turns(at="noon"), "turns.0.at: ", "no such argument"),
    ("with a nest", _turns(text=_nested(40)), "turns.0.text: ", "valid string"),
)
_FACTS: Final = rows(
    ("as a list", ["vip"], "facts: ", "valid dictionary"),
    ("as a text", "vip", "facts: ", "valid dictionary"),
    ("21", {f"f{n}": n for n in range(21)}, "facts: ", "at most 20 entries"),
    ("10,000", {f"f{n}": n for n in range(10_000)}, "facts: ", "at most 20 entries"),
    ("with a name of 65 characters", {"x" * 65: 1}, "facts: ", "1 to 64 characters"),
    ("without a name", {"": 1}, "facts: ", "1 to 64 characters"),
    ("with an unseen name", {"\u200d": 1}, "facts: ", "1 to 64 characters"),
    ("with NUL in a name", {"a\x00": 1}, "facts: ", "1 to 64 characters"),
    ("twice the same but for spaces", {"a": 1, "a ": 2}, "facts: ", "twice"),
    ("of 257 characters", {"a": "x" * 257}, "facts.a: ", "1 to 256 characters"),
    ("of nothing", {"a": ""}, "facts.a: ", "1 to 256 characters"),
    ("with NUL", {"a": "b\x00"}, "facts.a: ", "1 to 256 characters"),
    ("null", {"a": None}, "facts.a: ", "a text, a number, true or false"),
    ("of a list", {"a": [1]}, "facts.a: ", "a text, a number, true or false"),
    ("of a nest", {"a": _nested(40)}, "facts.a: ", "a text, a number, true or false"),
    ("beyond 1e15", {"a": 10**15 + 1}, "facts.a: ", "1e+15"),
    ("of 4,000 digits", {"a": -(10**4_000)}, "facts.a: ", "1e+15"),
    ("as large as can be", {"a": 1e308}, "facts.a: ", "1e+15"),
)
_LINKS: Final = rows(
    ("as a text", "https://shop.example/", "links: ", "valid list"),
    ("6", [_ORDER] * 6, "links: ", "at most 5 entries"),
    ("of texts", ["https://shop.example/"], "links.0: ", "valid dictionary"),
    ("without an address", [{"title": "t"}], "links.0.url: ", "is required"),
    ("without a title", [{"url": "https://shop.example/"}], "links.0.title: ", "is required"),
    ("with a title of 101", _links(title="x" * 101), "links.0.title: ", "at most 100"),
    ("with an unseen title", _links(title="\u200b"), "links.0.title: ", "must not be empty"),
    ("with more", _links(kind="pdf"), "links.0.kind: ", "no such argument"),
    (
        "of 501 characters",
        _links(url="https://a.example/" + "a" * 483),
        "links.0.url: ",
        "at most 500",
    ),
    *(
        (f"to {url[:30]!r}", _links(url=url), "links.0.url: ", says)
        for url, says in rows(
            ("", "URL only"),
            ("javascript:alert(1)", "http:// or https://"),
            ("data:text/html,x", "http:// or https://"),
            ("file:///etc/passwd", "http:// or https://"),
            ("//shop.example/", "http:// or https://"),
            ("http:shop.example", "must name a host"),
            ("https://", "must name a host"),
            ("https://user:word@shop.example/", "no user name"),
            ("https://bank.example@evil.example/", "no user name"),
            ("https://shop.example:99999/", "valid URL"),
            ("https://[::1", "valid URL"),
            ("https://[fe80::1%25eth0]/", "valid URL"),
            ("https://shop.example/\r\nX: y", "percent-encode"),
            ("https://shop.example/\x00", "percent-encode"),
            ("https://b\u0430nk.example/", "percent-encode"),
            ("https://shop.example/\u202egpj", "percent-encode"),
            ("https://shop.example/`@everyone`", "percent-encode"),
            ("https://shop.example\\@evil.example", "percent-encode"),
            ("https://%65vil.example/", "valid URL"),
        )
    ),
)

CASES: Final[list[Case]] = [
    case
    for tool, words in (("ask_human", "question"), ("request_approval", "action"))
    for field, given in (
        ("options", _OPTIONS if tool == "ask_human" else rows()),
        ("turns", _TURNS),
        ("facts", _FACTS),
        ("links", _LINKS),
    )
    for label, value, *says in given
    for case in of_both_eras(
        f"{tool} {field} {label}", tool, {words: "May I?", field: value}, refused(*says)
    )
]
