"""How a question looks in Discord. Customers' words are data: no mark-up, no mentions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

import discord

from shared.escalation import Escalation, State, Urgency

DESCRIPTION_ROOM: Final = 3_500
"""Of the 4,096 characters of a description; what does not fit goes into the thread."""
FIELD_ROOM: Final = 1_000
"""Of the 1,024 characters of a field."""
MESSAGE_ROOM: Final = 1_900
"""Of the 2,000 characters of a message."""
THREAD_NAME_ROOM: Final = 100
OPTIONS_SHOWN_ROOM: Final = 900
NONCE_LENGTH: Final = 25

_COLOURS: Final = {
    Urgency.LOW: discord.Colour.light_grey(),
    Urgency.NORMAL: discord.Colour.blurple(),
    Urgency.HIGH: discord.Colour.red(),
}


def nonce(escalation: Escalation, part: int = 0) -> str:
    """Derive a message's nonce from the question, so that a repeat is recognised.

    A ULID has 26 characters, a nonce 25; the first two are "01" for some centuries to come.
    """
    return f"{part:02}{escalation.id[3:]}"[:NONCE_LENGTH]


def marker(escalation: Escalation) -> str:
    """Write what tells a question's message from all others: its id, in the footer."""
    return f"Question {escalation.id}"


def plain(text: str) -> str:
    """Make somebody's words harmless: mark-up is shown, mentions reach nobody."""
    return discord.utils.escape_mentions(discord.utils.escape_markdown(text))


def thread_name(escalation: Escalation) -> str:
    """Name the thread after the question."""
    words = " ".join(escalation.question.text.split())
    return words if len(words) <= THREAD_NAME_ROOM else words[: THREAD_NAME_ROOM - 1] + "…"


def embed(escalation: Escalation) -> discord.Embed:
    """Render a question as it stands: open with its deadline, or with its outcome."""
    question = escalation.question
    text, _ = split_at(plain(question.text), DESCRIPTION_ROOM)
    rendered = discord.Embed(
        title=_title(escalation),
        description=text,
        colour=_colour(escalation),
        timestamp=escalation.created_at,
    )
    if question.context:
        context, rest = split_at(plain(question.context), FIELD_ROOM)
        rendered.add_field(
            name="What was said", value=context + (" …" if rest else ""), inline=False
        )
    if question.options:
        options = "\n".join(f"• {plain(option)}" for option in question.options)
        shown, rest = split_at(options, OPTIONS_SHOWN_ROOM)
        rendered.add_field(
            name="To choose from", value=shown + (" …" if rest else ""), inline=False
        )
    rendered.add_field(name="Asked by", value=plain(escalation.agent)[:FIELD_ROOM])
    if escalation.state.is_open:
        rendered.add_field(
            name="Answer until", value=discord.utils.format_dt(escalation.deadline, "R")
        )
        rendered.add_field(
            name="How to answer",
            value="Write in the thread below. The first message there is passed on.",
            inline=False,
        )
    else:
        rendered.add_field(name="Outcome", value=outcome_line(escalation), inline=False)
    rendered.set_footer(text=marker(escalation))
    return rendered


def overflow(escalation: Escalation) -> Iterator[str]:
    """Yield, as messages for the thread, whatever the embed had no room for."""
    question = escalation.question
    options = "\n".join(f"• {plain(option)}" for option in question.options)
    parts = (
        ("The question goes on", plain(question.text), DESCRIPTION_ROOM),
        ("What was said, continued", plain(question.context or ""), FIELD_ROOM),
        ("To choose from, continued", options, OPTIONS_SHOWN_ROOM),
    )
    for heading, whole, room in parts:
        _, rest = split_at(whole, room)
        while rest:
            piece, rest = split_at(rest, MESSAGE_ROOM)
            yield f"**{heading}**\n{piece}"


def outcome_line(escalation: Escalation) -> str:
    """Say in one line how it ended. No two outcomes read alike."""
    outcome = escalation.outcome
    who = plain(outcome.by.name) if outcome and outcome.by else "somebody"
    after = _duration(outcome.seconds) if outcome else ""
    reason = f": {plain(outcome.reason)}" if outcome and outcome.reason else ""
    match escalation.state:
        case State.ANSWERED:
            where = f" (in the {outcome.channel})" if outcome and outcome.channel else ""
            line = f"✅ Answered by {who} after {after}{where}"
        case State.DECLINED:
            line = f"🚫 Declined by {who} after {after}{reason}"
        case State.TIMED_OUT:
            line = f"⌛ Nobody answered in time ({after})"
            if escalation.late_answer and escalation.late_answer.by:
                line += f"; late answer by {plain(escalation.late_answer.by.name)} kept"
        case State.CANCELLED:
            line = f"✖️ Cancelled by the agent{reason}"
        case State.UNDELIVERABLE:
            line = f"⚠️ Could not be delivered{reason}"
        case State.QUEUED | State.POSTED | State.CLAIMED | State.NEEDS_INFO:
            line = "Open"
        case _:
            assert_never(escalation.state)
    return split_at(line, FIELD_ROOM)[0]


def split_at(text: str, room: int) -> tuple[str, str]:
    """Cut a text in two; the first part has at most `room` characters and ends between words."""
    if len(text) <= room:
        return text, ""
    cut = max(text.rfind(" ", room // 2, room), text.rfind("\n", room // 2, room))
    if cut < 0:
        cut = room
        # An escape and what it escapes stay together, or the rest would come out as mark-up.
        while cut > 1 and text[cut - 1] == "\\":
            cut -= 1
    return text[:cut], text[cut:].lstrip(" \n")


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
