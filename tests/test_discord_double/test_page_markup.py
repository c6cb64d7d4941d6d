"""The page for people shows mark-up as Discord's apps do, and nobody's words as HTML."""

from __future__ import annotations

import re

import pytest
from discord_double.page.markup import rendered
from hypothesis import given
from hypothesis import strategies as st


class Known:
    def user(self, user_id: int) -> str:
        return {7: "Maya"}.get(user_id, "unknown-user")

    def role(self, role_id: int) -> str:
        return "<Ops>"

    def channel(self, channel_id: int) -> str:
        return "desk"


def shown(text: str) -> str:
    return rendered(text, Known())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**Customer:** 2 \\* 3 = 6", "<strong>Customer:</strong> 2 * 3 = 6"),
        ("\\*\\*not bold\\*\\*", "**not bold**"),
        ("**1 \\* 2**", "<strong>1 * 2</strong>"),
        ("_so_ snake_case_name", "<em>so</em> snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("~~old~~ `a*b*`", "<s>old</s> <code>a*b*</code>"),
        ("<@7> <@!9>", "<span class=mention>@Maya</span> <span class=mention>@unknown-user</span>"),
        ("<@&8>", "<span class=mention>@&lt;Ops&gt;</span>"),
        ("<#8>", "<span class=mention>#desk</span>"),
        ("a\nb", "a\nb"),
        ("> so\n- one\n# Top", "<blockquote>so</blockquote><div class=item>one</div><h3>Top</h3>"),
        ("```py\n<x> **y**```", "<pre>&lt;x&gt; **y**</pre>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[here](javascript:alert(1))", "[here](javascript:alert(1))"),
    ],
)
def test_text_is_shown_as_its_mark_up_says(text: str, html: str) -> None:
    assert shown(text) == html


@pytest.mark.parametrize(
    "text", ["https://x.example/?a&b", "<https://x.example/?a&b>", "[it](https://x.example/?a&b)"]
)
def test_an_address_becomes_a_link(text: str) -> None:
    assert "<a href='https://x.example/?a&amp;b' rel='noopener noreferrer'" in shown(text)


def test_a_moment_is_named_in_utc_for_the_script_to_put_into_words() -> None:
    expected = "<time datetime=2026-11-25T10:00:00Z data-style=R>25 Nov 2026 10:00 UTC</time>"
    assert shown("<t:1795600800:R>") == expected
    assert "<time" in shown("<t:99999999999>")


OURS = re.compile(
    r"</?(?:strong|em|u|s|code|pre|blockquote|small|h[345]|div|span|a|time)"
    r"(?: class=(?:item|mention|spoiler)(?: tabindex=0)?)?>"
    r"|<a href='https?://[^'<>]+' rel='noopener noreferrer' target=_blank>"
    r"|<time datetime=[-\dT:]+Z data-style=[tTdDfFR]>"
)


@given(st.text("<>\"'&*\\`_~|:/[]()#@-htps@t17R.\n "))
def test_only_tags_of_the_pages_own_come_out(text: str) -> None:
    assert not set(OURS.sub("", shown(text))) & set("<>\"'")
