"""How a question looks in Discord. Customers' words are data: no mark-up, no mentions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final, assert_never

import discord

from escalation_worker.discord_channel.showing import background
from escalation_worker.discord_channel.showing.endings import NAME_ROOM, outcome_line
from escalation_worker.discord_channel.showing.marks import marker
from escalation_worker.discord_channel.showing.presence import GONE, kept_until_back
from escalation_worker.discord_channel.showing.texts import beginning, brief, plain, split_at
from escalation_worker.manners import USUAL
from shared.escalation import Author, Claim, Escalation, State
from shared.manner import Manner
from shared.question import Question, Urgency
from shared.texts import cut, is_blank, one_line

# An embed holds 6,000 characters in all. Escaping at worst doubles a text, so the longest one has
# 3,000 + 900 + 800 of the question, 650 of the outcome's reason and 140 of its author's name, 130
# of the agent's name, and some 200 of our own words.
DESCRIPTION_ROOM: Final = 3_000
"""Of the 4,096 characters of a description; what does not fit goes into the thread."""
CONTEXT_ROOM: Final = 900
"""Of the 1,024 characters of a field."""
OPTIONS_ROOM: Final = 800
"""Of the 1,024 characters of a field."""
QUESTION_ROOM: Final = 4_600
"""Of these three together and what is attached, which gets what they leave: so it never makes a
message longer than the longest question does."""
MESSAGE_ROOM: Final = 1_900
"""Of the 2,000 characters of a message; the heading takes up to 45."""
OVERFLOW_LIMIT: Final = 9
"""Messages beside the embed with the question's own words. With pieces of at least 1,800 characters
none needs more: 3 for the 8,000 characters of an escaped question, 4 for those of a context, 2 for
the 4,100 of 25 options. What is attached has `background.MESSAGES_LIMIT` of its own."""
PROGRESS_ROOM: Final = 200
"""Of what has happened so far. Shown while there is no outcome yet, so it fits into its room."""
THREAD_NAME_ROOM: Final = 100
_COLOURS: Final = {
    Urgency.LOW: discord.Colour.light_grey(),
    Urgency.NORMAL: discord.Colour.blurple(),
    Urgency.HIGH: discord.Colour.red(),
}


def thread_name(escalation: Escalation) -> str:
    """Name the thread after the question, or where that shows nothing, after its id."""
    name = cut(one_line(escalation.question.text), THREAD_NAME_ROOM)
    return f"Question {escalation.id[-6:]}" if is_blank(name.removesuffix("…")) else name


def embed(
    escalation: Escalation, *, threaded: bool = True, manner: Manner = USUAL
) -> discord.Embed:
    """Render a question as it stands: open with its deadline, or with its outcome.

    Without a thread (`threaded`), people are told to reply to the message. The `manner` is that of
    the question's route.
    """
    question = escalation.question
    rendered = discord.Embed(
        title=_title(escalation),
        description=beginning(plain(question.text), DESCRIPTION_ROOM),
        colour=_colour(escalation),
        timestamp=escalation.created_at,
    )
    if context := _context(question):
        name, value = _context_name(question), beginning(context, CONTEXT_ROOM)
        rendered.add_field(name=name, value=value, inline=False)
    if question.options:
        rendered.add_field(
            name="To choose from", value=beginning(_options(question), OPTIONS_ROOM), inline=False
        )
    for name, value in background.fields(escalation, _room_left(question)):
        rendered.add_field(name=name, value=value, inline=False)
    rendered.add_field(name="Asked by", value=brief(escalation.agent, NAME_ROOM) or "an agent")
    if escalation.state.is_open:
        rendered.add_field(
            name="Answer until", value=discord.utils.format_dt(escalation.deadline, "R")
        )
        for name, value in _progress(escalation):
            rendered.add_field(name=name, value=value, inline=False)
        rendered.add_field(
            name="How to answer",
            value=_how_to_answer(question, manner, threaded=threaded),
            inline=False,
        )
    else:
        ending = outcome_line(escalation)
        if escalation.is_delivered:
            ending += "\n📨 Delivered to the customer"
        elif kept_until_back(escalation):
            ending += "\n🚪 The customer has gone: kept for when they are back"
        rendered.add_field(name="Outcome", value=ending, inline=False)
    rendered.set_footer(text=marker(escalation))
    return rendered


def overflow(escalation: Escalation) -> Iterator[str]:
    """Yield, as messages, whatever the embed had no room for. No two of them are the same."""
    question = escalation.question
    attached = background.overflow(escalation, _room_left(question), MESSAGE_ROOM)
    return chain(
        islice(_overflow(question), OVERFLOW_LIMIT), islice(attached, background.MESSAGES_LIMIT)
    )


def _room_left(question: Question) -> int:
    """Tell how much room a question leaves to what is attached to it."""
    return QUESTION_ROOM - sum(
        len(beginning(whole, room))
        for whole, room in (
            (plain(question.text), DESCRIPTION_ROOM),
            (_context(question), CONTEXT_ROOM),
            (_options(question), OPTIONS_ROOM),
        )
    )


def _context_name(question: Question) -> str:
    """Call it as the tool calls it."""
    return "Context" if question.approvals_needed is None else "Details"


def _overflow(question: Question) -> Iterator[str]:
    parts = (
        ("The question goes on", plain(question.text), DESCRIPTION_ROOM),
        (f"{_context_name(question)}, continued", _context(question), CONTEXT_ROOM),
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


def _how_to_answer(question: Question, manner: Manner, *, threaded: bool) -> str:
    where = "Write in the thread below" if threaded else "Reply to this message"
    back = f"{where}, beginning with “?”, to ask the agent back."
    if question.approvals_needed is not None:
        needed = question.approvals_needed
        people = f"{needed} different people must approve" if needed > 1 else "Press a button"
        why = " Both ask why." if manner.wants_reasons else ""
        return f"{people}. One person who denies is enough.{why} {back}"
    if question.form is not None:
        return f"Press “Fill in the form”. {back}"
    if question.options_only:
        return f"Choose one of the answers. {back}"
    if manner.waits_for_send:
        return (
            f"{where}, in as many messages as you like, and talk it over. Nothing is passed on "
            "until you press “Send”: then all that you wrote is, and nothing of what others did. "
            f"{back}"
        )
    first = "The first message there" if threaded else "The first reply"
    return f"{where}. {first} is passed on; begin with “?” to ask the agent back."


def _progress(escalation: Escalation) -> Iterator[tuple[str, str]]:
    """Tell what has happened to an open question so far."""
    if escalation.caller_gone_at is not None:
        yield "Customer", GONE
    if escalation.claim is not None:
        yield "On it", on_it(escalation.claim)
    if escalation.question.approvals_needed is not None and escalation.votes:
        approved = [brief(each.by.name, NAME_ROOM) for each in escalation.votes if each.approve]
        needed = escalation.question.approvals_needed
        names = cut(", ".join(approved), PROGRESS_ROOM)
        yield "Approved so far", f"{len(approved)} of {needed}: {names}"
    if escalation.remarks:
        last = escalation.remarks[-1]
        who = last.by.name if last.by else "The agent"
        said = brief(last.text, PROGRESS_ROOM // 2)
        waits = " (waiting for the agent)" if last.author is Author.OPERATOR else ""
        yield f"Asked back{waits}", f"{brief(who, NAME_ROOM)}: {said}"


def on_it(claim: Claim) -> str:
    """Name who is on a question, and who wanted that, if another did."""
    name = brief(claim.by.name, NAME_ROOM) or "somebody"
    if claim.assigned_by is None:
        return name
    return f"{name} (asked by {brief(claim.assigned_by.name, NAME_ROOM) or 'somebody'})"


def _context(question: Question) -> str:
    """Render what was said. Discord refuses a field in which there is only white space."""
    context = question.context or ""
    return "" if is_blank(context) else plain(context.strip())


def _options(question: Question) -> str:
    return "\n".join(f"• {plain(one_line(option))}" for option in question.options)


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
