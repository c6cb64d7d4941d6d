"""How a question looks in Discord. Customers' words are data: no mark-up, no mentions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Final, assert_never

import discord

from shared.escalation import Author, ChannelKind, Escalation, Outcome, Person, State
from shared.question import Question, Urgency
from shared.texts import is_blank

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
PROGRESS_ROOM: Final = 200
"""Of what has happened so far. Shown while there is no outcome yet, so it fits into its room."""
THREAD_NAME_ROOM: Final = 100
NONCE_LENGTH: Final = 25

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
    return f"Question {escalation.id}"


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
        for name, value in _progress(escalation):
            rendered.add_field(name=name, value=value, inline=False)
        rendered.add_field(
            name="How to answer", value=_how_to_answer(question, threaded=threaded), inline=False
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


def _how_to_answer(question: Question, *, threaded: bool) -> str:
    where = "Write in the thread below" if threaded else "Reply to this message"
    back = f"{where}, beginning with “?”, to ask the agent back."
    if question.approvals_needed is not None:
        needed = question.approvals_needed
        people = f"{needed} different people must approve" if needed > 1 else "Press a button"
        return f"{people}. One person who denies is enough. {back}"
    if question.form is not None:
        return f"Press “Fill in the form”. {back}"
    if question.options_only:
        return f"Choose one of the answers. {back}"
    first = "The first message there" if threaded else "The first reply"
    return f"{where}. {first} is passed on; begin with “?” to ask the agent back."


def _progress(escalation: Escalation) -> Iterator[tuple[str, str]]:
    """Tell what has happened to an open question so far."""
    if escalation.claim is not None:
        yield "On it", _brief(escalation.claim.by.name, NAME_ROOM) or "somebody"
    if escalation.question.approvals_needed is not None and escalation.votes:
        approved = [_brief(each.by.name, NAME_ROOM) for each in escalation.votes if each.approve]
        needed = escalation.question.approvals_needed
        names = _cut(", ".join(approved), PROGRESS_ROOM)
        yield "Approved so far", f"{len(approved)} of {needed}: {names}"
    if escalation.remarks:
        last = escalation.remarks[-1]
        who = last.by.name if last.by else "The agent"
        said = _brief(last.text, PROGRESS_ROOM // 2)
        waits = " (waiting for the agent)" if last.author is Author.OPERATOR else ""
        yield f"Asked back{waits}", f"{_brief(who, NAME_ROOM)}: {said}"


def relayed(escalation: Escalation) -> Iterator[tuple[str, list[discord.abc.Snowflake], str]]:
    """Write what the agent told people: each message, whom it calls, and its nonce.

    Numbered, so that the same words told twice are two messages.
    """
    asker: Person | None = None
    number = 0
    for remark in escalation.remarks:
        if remark.author is Author.OPERATOR:
            asker = remark.by
            continue
        number += 1
        known = asker is not None and asker.id.isdigit()
        called = f"<@{asker.id}> " if asker and known else ""
        heading = f"💬 {called}**The agent replies ({number}):**"
        text, rest = split_at(plain(remark.text), MESSAGE_ROOM - NAME_ROOM)
        whom: list[discord.abc.Snowflake] = [discord.Object(int(asker.id))] if asker and known else []
        yield f"{heading}\n{text}", whom, _nonce(escalation, f"r{number:02}")
        part = 1
        while rest:
            text, rest = split_at(rest, MESSAGE_ROOM)
            part += 1
            nonce = _nonce(escalation, f"r{number:02}{part}")
            yield f"**The agent replies ({number}, continued {part})**\n… {text}", [], nonce


def answering_message(outcome: Outcome) -> int | None:
    """Find the message in Discord that is the answer, if one is."""
    written = outcome.state is State.ANSWERED and outcome.channel is ChannelKind.DISCORD
    if written and outcome.source and outcome.source.isdigit():
        return int(outcome.source)
    return None


def outcome_line(escalation: Escalation) -> str:
    """Say in one line how it ended. No two outcomes read alike."""
    outcome = escalation.outcome
    who = _who(outcome)
    after = _duration(outcome.seconds) if outcome else ""
    reason = _brief(outcome.reason or "", REASON_ROOM) if outcome else ""
    because = f": {reason}" if reason else ""
    match escalation.state:
        case State.ANSWERED if outcome is not None and outcome.approved is not None:
            said = _brief(outcome.text or "", REASON_ROOM)
            comment = f": {said}" if said else ""
            if not outcome.approved:
                return f"⛔ Denied by {who} after {after}{comment}"
            names = [_brief(each.by.name, NAME_ROOM) for each in escalation.votes]
            return f"✅ Approved by {_cut(' and '.join(names), PROGRESS_ROOM)} after {after}{comment}"
        case State.ANSWERED:
            where = f" (in the {outcome.channel})" if outcome and outcome.channel else ""
            # What was written stands in the thread; what was clicked stands nowhere else.
            clicked = outcome is not None and answering_message(outcome) is None
            said = _brief(outcome.text or "", REASON_ROOM) if outcome and clicked else ""
            return f"✅ Answered by {who} after {after}{where}" + (f": {said}" if said else "")
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


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


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
    asks = "An agent asks"
    if escalation.question.approvals_needed is not None:
        asks = "An agent asks for approval"
    match escalation.question.urgency:
        case Urgency.HIGH:
            return f"{asks}, urgently"
        case Urgency.NORMAL | Urgency.LOW:
            return asks
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
