"""The page for people shows mark-up as Discord's apps do, and nobody's words as HTML."""

from __future__ import annotations

import time

import pytest
from discord_double.markup import as_html, relative
from hypothesis import given
from hypothesis import strategies as st

LINK = (
    '<a href="https://x.example/?a&amp;b" rel="noopener noreferrer">https://x.example/?a&amp;b</a>'
)


def named(mentioned: int) -> str | None:
    return {7: "Maya", 8: "<Ops>"}.get(mentioned)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**Customer:** 2 \\* 3 = 6", "<b>Customer:</b> 2 * 3 = 6"),
        ("\\*\\*not bold\\*\\*", "**not bold**"),
        ("**1 \\* 2**", "<b>1 * 2</b>"),
        ("<@7>, <@9>", "<span class=at>@Maya</span>, &lt;@9&gt;"),
        ("<@&8>", "<span class=at>@&lt;Ops&gt;</span>"),
        ("<https://x.example/?a&b>", LINK),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[here](javascript:alert(1))", "[here](javascript:alert(1))"),
    ],
)
def test_what_a_question_has_of_mark_up_is_rendered(text: str, shown: str) -> None:
    assert as_html(text, named) == shown


def test_a_moment_is_told_from_now() -> None:
    then = int(time.time()) - 3 * 86_400 - 60
    assert as_html(f"<t:{then}:R>", named) == "<span class=moment>3 days ago</span>"
    assert relative(600) == "in 10 minutes"
    assert relative(-1) == "1 second ago"


@given(st.text("<>\"'&*\\`:/ahtps@t17R.\n"))
def test_only_tags_of_our_own_come_out(text: str) -> None:
    shown = as_html(text, named)
    ours = ("<b>", "</b>", "</a>", "</span>", "<span class=at>", "<span class=moment>")
    for tag in ours:
        shown = shown.replace(tag, "")
    bare = shown.replace('<a href="http', "").replace('" rel="noopener noreferrer">', "")
    assert not set(bare) & set("<>\"'")
