"""What is attached to a question, and what was answered before, as people see it in Discord.

Shown in the message where there is room, else in the thread. Words stay on one line, whatever line
breaks are in them: nobody can put words into another's mouth by beginning a new line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import discord

from escalation_worker.discord_channel.showing.texts import brief, split_at
from shared.background import (
    FACT_LIMIT,
    FACT_NAME_LIMIT,
    TITLE_LIMIT,
    TURN_LIMIT,
    Link,
    Speaker,
    Turn,
    fact_in_words,
)
from shared.escalation import Escalation
from shared.precedent import Precedent

FIELD_ROOM: Final = 1_000
"""Of the 1,024 characters of a field."""
LINE_ROOM: Final = 720
"""Lines up to here stay whole, so that no address is cut; only what was said may be longer."""
TURNS_MESSAGES: Final = 12
"""Messages with what was said before. Twenty turns of a thousand characters without mark-up need
no more; where there is more, the oldest is left out."""
MESSAGES_LIMIT: Final = 28
"""Messages in all. Escaped at worst, facts take up to 11, links 3, precedents 2, turns 12."""
ASKED_ROOM: Final = 100
ANSWER_ROOM: Final = 150
NAME_ROOM: Final = 64
_SPEAKERS: Final = {
    Speaker.CUSTOMER: "Customer",
    Speaker.AGENT: "Agent",
    Speaker.COLLEAGUE: "Colleague",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Lines under one heading, and which of them are shown first."""

    heading: str
    lines: Sequence[str]
    first: Literal["beginning", "end"] = "beginning"

    @property
    def heading_in_thread(self) -> str:
        """Head what the message has no room for."""
        return f"{self.heading}, continued" if self.first == "beginning" else "The conversation"


@dataclass(frozen=True, slots=True)
class Placed:
    """What of a part is shown in the message, and which lines are left for the thread."""

    part: Part
    shown: str
    rest: Sequence[str]


def fields(escalation: Escalation, room: int) -> Iterator[tuple[str, str]]:
    """Yield the fields that fit into this room, names and values together."""
    for placed in _placed(escalation, room):
        if placed.shown:
            yield placed.part.heading, placed.shown


def overflow(escalation: Escalation, room: int, message_room: int) -> Iterator[str]:
    """Yield, as messages, what the fields had no room for."""
    for placed in _placed(escalation, room):
        pieces = list(_pieces(placed.rest, message_room))
        if placed.part.first == "end" and len(pieces) > TURNS_MESSAGES:
            pieces = pieces[-TURNS_MESSAGES:]
            pieces[0] = f"(what was said earlier is left out)\n{pieces[0]}"
        for number, piece in enumerate(pieces, start=1):
            yield f"**{placed.part.heading_in_thread} ({number})**\n… {piece}"


def _placed(escalation: Escalation, room: int) -> list[Placed]:
    """Give room to what helps most, and put it in the order in which it is read."""
    background = escalation.question.background
    facts = Part("Known of the customer", [_fact(*each) for each in background.facts.items()])
    said = Part("Said last", [_turn(each) for each in background.turns], first="end")
    links = Part("Links", [_link(each) for each in background.links])
    before = Part(
        "Answered before",
        [_precedent(*each) for each in enumerate(escalation.precedents or (), start=1)],
    )
    placed: dict[str, Placed] = {}
    for part in (before, facts, said, links):
        placed[part.heading] = _place(part, min(FIELD_ROOM, room - len(part.heading)))
        if shown := placed[part.heading].shown:
            room -= len(part.heading) + len(shown)
    return [placed[part.heading] for part in (said, facts, links, before)]


def _place(part: Part, room: int) -> Placed:
    """Show as many whole lines as there is room for, and dots where there are more."""
    lines = part.lines if part.first == "beginning" else part.lines[::-1]
    count, length = 0, 0
    for line in lines:
        dots = 2 if count + 1 < len(lines) else 0  # a line of their own
        if length + len(line) + dots > room:
            break
        count, length = count + 1, length + len(line) + 1
    shown, rest = list(lines[:count]), list(lines[count:])
    if shown and rest:
        shown.append("…")
    if part.first == "end":
        shown, rest = shown[::-1], rest[::-1]
    return Placed(part, "\n".join(shown), rest)


def _pieces(lines: Sequence[str], room: int) -> Iterator[str]:
    """Put lines together to messages; one that is long fills what is left of its message."""
    piece = ""
    for line in lines:
        rest = line
        while len(piece) + 1 + len(rest) > room:
            if piece and (len(rest) <= LINE_ROOM or room - len(piece) <= LINE_ROOM):
                yield piece
                piece = ""
                continue
            start, rest = split_at(rest, room - len(piece) - 1)
            yield f"{piece}\n{start}".strip()
            piece = ""
        piece = f"{piece}\n{rest}".strip("\n")
    if piece:
        yield piece


def _fact(name: str, fact: str | float) -> str:
    known = brief(fact_in_words(fact), FACT_LIMIT)
    return f"{brief(name, FACT_NAME_LIMIT)}: {known}"


def _turn(turn: Turn) -> str:
    return f"**{_SPEAKERS[turn.speaker]}:** {brief(turn.text, TURN_LIMIT)}"


def _link(link: Link) -> str:
    """Show where it leads, whatever its title says; the brackets keep Discord from a preview."""
    return f"{brief(link.title, TITLE_LIMIT)}: <{link.url}>"


def _precedent(number: int, known: Precedent) -> str:
    who, ago = brief(known.by, NAME_ROOM) or "Somebody", discord.utils.format_dt(known.at, "R")
    asked, answer = brief(known.question, ASKED_ROOM), brief(known.answer, ANSWER_ROOM)
    return f"**{number}.** {asked}\n**{who}, {ago}:** {answer}"
