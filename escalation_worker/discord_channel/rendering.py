"""How a question looks in Discord. Customers' words are data: no mark-up, no mentions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Final, assert_never

import discord

from shared.escalation import Escalation, Outcome, Question, State, Urgency, is_blank

# An embed holds 6,000 characters in all. Escaping at worst doubles a text, so the longest one has
# 3,000 + 900 + 800 of the question, 650 of the outcome's reason and 140 of its author's name, 130
# of the agent's name, and some 200 of our own words.
DESCRIPTION_ROOM: Final = 3_000
"""Of the 4,096 characters of a description; what does not fit goes into the thread."""
CONTEXT_ROOM: Final = 900
"""Of the 1,024 characters of a field."""
OPTIONS_ROOM: Final = 800
"""Of the 1,024 characters of a field."""
REASON_ROOM: Final = 300
"""Of a reason, before it is escaped. Discord is not where a decline's reason is kept."""
NAME_ROOM: Final = 64
"""Of an agent's or a person's name, before it is escaped."""
MESSAGE_ROOM: Final = 1_900
"""Of the 2,000 characters of a message; the heading takes up to 45."""
WORD_ROOM: Final = 100
"""How far a cut looks back for the end of a word. So no piece is much shorter than its room."""
OVERFLOW_LIMIT: Final = 9
"""Messages beside the embed. With pieces of at least 1,800 characters none needs more: 3 for the
8,000 characters of an escaped question, 4 for those of a context, 2 for the 4,100 of 25 options."""
THREAD_NAME_ROOM: Final = 100
NONCE_LENGTH: Final = 25

_MARKER: Final = "Question "
ZERO_WIDTH_SPACE: Final = "\u200b"

_COLOURS: Final = {
    Urgency.LOW: discord.Colour.light_grey(),
    Urgency.NORMAL: discord.Colour.blurple(),
    Urgency.HIGH: discord.Colour.red(),
}


_MARK_UP: Final = re.compile(
    r"""
      (?P<url>https?://[^\s<>\[\]|*`\\]+[^\s<>\[\]|*`\\.,:;"'])
    | (?P<tag><(?!https?://)(?=[@\#:/]|[\w.+-]+[:@]))
    | (?<![^\n\r])[^\S\n\r]*(?:[\#>-]|\d+\.)  # where a line begins
    | [\\*_~|`\[\]]
    """,
    re.VERBOSE,
)
"""What Discord would not show as it was written: <t:…>, headings, lists, bold, [masked](links)."""


def nonce(escalation: Escalation, part: int = 0) -> str:
    """Derive a nonce for the posting, or for a part of its overflow: a repeat is recognised."""
    return _nonce(escalation, f"q{part:02}")


def outcome_nonce(escalation: Escalation) -> str:
    """Derive the nonce of the line that says how it ended. A late answer is another line."""
    return _nonce(escalation, "end" if escalation.late_answer is None else "alt")


def _nonce(escalation: Escalation, prefix: str) -> str:
    """Put the prefix before as much of the id as there is room for.

    A ULID is 10 characters of time and 16 of chance. What is left out are the first four, which
    change every twelve days; all 80 random bits stay, and they alone tell two questions apart.
    """
    return prefix + escalation.id[len(prefix) - NONCE_LENGTH :]


def marker(escalation: Escalation) -> str:
    """Write what tells a question's message from all others: its id, in the footer."""
    return f"{_MARKER}{escalation.id}"


def marked_id(message: discord.Message) -> str | None:
    """Read the id of the question that a message of ours shows, if it shows one."""
    for each in message.embeds:
        if each.footer.text and each.footer.text.startswith(_MARKER):
            return each.footer.text.removeprefix(_MARKER)
    return None


def plain(text: str) -> str:
    """Make somebody's words harmless: mark-up is shown as it was written, mentions reach nobody.

    Plain addresses stay as they are and can be clicked: an operator may need them, and they lead
    where they say. No bracket stays unescaped, so none can hide behind other words.
    """
    return discord.utils.escape_mentions(_MARK_UP.sub(_escaped, text))


def thread_name(escalation: Escalation) -> str:
    """Name the thread after the question, or where that shows nothing, after its id."""
    # Left in, a direction mark would turn around what stands beside it in the list of threads.
    seen = (
        "" if unicodedata.category(character) == "Cf" else character
        for character in _spaced(escalation.question.text)
    )
    words = " ".join("".join(seen).split())
    name = words if len(words) <= THREAD_NAME_ROOM else words[: THREAD_NAME_ROOM - 1] + "…"
    return f"Question {escalation.id[-6:]}" if is_blank(name.removesuffix("…")) else name


def embed(escalation: Escalation, *, threaded: bool = True) -> discord.Embed:
    """Render a question as it stands: open with its deadline, or with its outcome.

    Without a thread (`threaded`), people are told to reply to the message.
    """
    question = escalation.question
    rendered = discord.Embed(
        title=_title(escalation),
        description=_beginning(plain(question.text), DESCRIPTION_ROOM),
        colour=_colour(escalation),
        timestamp=escalation.created_at,
    )
    if context := _context(question):
        rendered.add_field(
            name="What was said", value=_beginning(context, CONTEXT_ROOM), inline=False
        )
    if question.options:
        rendered.add_field(
            name="To choose from", value=_beginning(_options(question), OPTIONS_ROOM), inline=False
        )
    rendered.add_field(name="Asked by", value=_brief(escalation.agent, NAME_ROOM) or "an agent")
    if escalation.state.is_open:
        rendered.add_field(
            name="Answer until", value=discord.utils.format_dt(escalation.deadline, "R")
        )
        rendered.add_field(
            name="How to answer",
            value="Write in the thread below. The first message there is passed on."
            if threaded
            else "Reply to this message. The first reply is passed on.",
            inline=False,
        )
    else:
        delivered = "\n📨 Delivered to the customer" if escalation.is_delivered else ""
        rendered.add_field(name="Outcome", value=outcome_line(escalation) + delivered, inline=False)
    rendered.set_footer(text=marker(escalation))
    return rendered


def overflow(escalation: Escalation) -> Iterator[str]:
    """Yield, as messages, whatever the embed had no room for. No two of them are the same."""
    return islice(_overflow(escalation.question), OVERFLOW_LIMIT)


def _overflow(question: Question) -> Iterator[str]:
    parts = (
        ("The question goes on", plain(question.text), DESCRIPTION_ROOM),
        ("What was said, continued", _context(question), CONTEXT_ROOM),
        ("To choose from, continued", _options(question), OPTIONS_ROOM),
    )
    for heading, whole, room in parts:
        _, rest = split_at(whole, room)
        number = 1
        while rest:
            piece, rest = split_at(rest, MESSAGE_ROOM)
            # The dots keep the piece from beginning a line, where a "#" would make a heading.
            yield f"**{heading} ({number})**\n… {piece.rstrip()}"
            number += 1


def outcome_line(escalation: Escalation) -> str:
    """Say in one line how it ended. No two outcomes read alike."""
    outcome = escalation.outcome
    who = _who(outcome)
    after = _duration(outcome.seconds) if outcome else ""
    reason = _brief(outcome.reason or "", REASON_ROOM) if outcome else ""
    because = f": {reason}" if reason else ""
    match escalation.state:
        case State.ANSWERED:
            where = f" (in the {outcome.channel})" if outcome and outcome.channel else ""
            return f"✅ Answered by {who} after {after}{where}"
        case State.DECLINED:
            return f"🚫 Declined by {who} after {after}{because}"
        case State.TIMED_OUT:
            late = escalation.late_answer
            kept = f"; late answer by {_who(late)} kept" if late and late.by else ""
            return f"⌛ Nobody answered in time ({after}){kept}"
        case State.CANCELLED:
            return f"✖️ Cancelled by the agent{because}"
        case State.UNDELIVERABLE:
            return f"⚠️ Could not be delivered{because}"
        case State.QUEUED | State.POSTED | State.CLAIMED | State.NEEDS_INFO:
            return "Open"
        case _:
            assert_never(escalation.state)


def split_at(text: str, room: int) -> tuple[str, str]:
    """Cut a text in two; the first part has at most `room` characters.

    It ends between words, unless the last one is too long for that.
    """
    if len(text) <= room:
        return text, ""
    nearest = max(room // 2, room - WORD_ROOM)
    cut = max(text.rfind(" ", nearest, room), text.rfind("\n", nearest, room))
    if cut < 0:
        cut = room
        backslashes = cut - len(text[:cut].rstrip("\\"))
        # An escape and what it escapes stay together, or the rest would come out as mark-up. In an
        # even number of backslashes each has its own.
        cut -= backslashes % 2
    return text[:cut], text[cut:].lstrip(" \n")


def _escaped(found: re.Match[str]) -> str:
    whole = found[0]
    match found.lastgroup:
        case "url":
            return whole
        case "tag":
            # Behind an address a backslash would be read as its end, so this is no place for one.
            return whole + ZERO_WIDTH_SPACE
        case _:
            return f"{whole[:-1]}\\{whole[-1]}"


def _context(question: Question) -> str:
    """Render what was said. Discord refuses a field in which there is only white space."""
    context = question.context or ""
    return "" if is_blank(context) else plain(context.strip())


def _options(question: Question) -> str:
    return "\n".join(f"• {plain(option)}" for option in question.options)


def _beginning(text: str, room: int) -> str:
    """Cut what goes on in the overflow."""
    shown, rest = split_at(text, room)
    return f"{shown} …" if rest else shown


def _brief(text: str, room: int) -> str:
    """Show a text on one line and cut it for good; nothing is left of a blank one."""
    words = " ".join(_spaced(text).split())
    if is_blank(words):
        return ""
    return plain(words if len(words) <= room else words[: room - 1] + "…")


def _spaced(text: str) -> str:
    """Put spaces in the place of control characters, line breaks among them."""
    return "".join(
        " " if unicodedata.category(character) == "Cc" else character for character in text
    )


def _who(outcome: Outcome | None) -> str:
    return (_brief(outcome.by.name, NAME_ROOM) if outcome and outcome.by else "") or "somebody"


def _title(escalation: Escalation) -> str:
    match escalation.question.urgency:
        case Urgency.HIGH:
            return "An agent asks, urgently"
        case Urgency.NORMAL | Urgency.LOW:
            return "An agent asks"
        case _:
            assert_never(escalation.question.urgency)


def _colour(escalation: Escalation) -> discord.Colour:
    if escalation.state.is_open:
        return _COLOURS[escalation.question.urgency]
    if escalation.state is State.ANSWERED:
        return discord.Colour.green()
    return discord.Colour.dark_grey()


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 (a minute)
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
