"""The buttons and menus under a question, and what their ids mean.

All state stands in the ids, so that a click counts whichever worker hears it, and after any
restart. An id is a claim, not a proof: whoever clicks is checked, and the message that was clicked
must be the question's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self, TypeAlias

import discord

from escalation_worker.manners import USUAL
from escalation_worker.sending import may_be_sent_late
from shared.escalation import Escalation
from shared.manner import Manner
from shared.question import Question
from shared.texts import cut, one_line

PREFIX: Final = "hitl"
BUTTONS_LIMIT: Final = 5
"""Options shown as buttons: one row of them. More go into a menu."""
LABEL_ROOM: Final = 80
MENU_ROOM: Final = 100

Item: TypeAlias = discord.ui.Item[Any]


class Act(StrEnum):
    """What a control does when it is used. `_FORM` ids are those of the form that it opened."""

    PICK = "pick"  # one of the options, by its number
    CHOOSE = "choose"  # an entry of the menu of options
    SEND = "send"  # what this person has written in the thread
    ANSWER = "answer"
    FILL_IN = "fill"
    APPROVE = "approve"
    DENY = "deny"
    ASK_BACK = "back"
    CLAIM = "claim"
    RELEASE = "release"
    REASSIGN = "reassign"  # opens the menu of people
    ASSIGN = "assign"  # that menu, which stands in a message of its own
    DECLINE = "decline"
    LIKE = "like"  # answer as it was answered before: opens `ANSWER`'s form with that answer


@dataclass(frozen=True, slots=True)
class ControlId:
    """What stands in a control's id. `form`: it is the form's that the control opens."""

    act: Act
    escalation_id: str
    number: int = 0
    form: bool = False

    def __str__(self) -> str:
        kind = "form" if self.form else "use"
        return f"{PREFIX}:{kind}:{self.act}:{self.escalation_id}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read an id; None for any that is not ours."""
        parts = text.split(":")
        if len(parts) != 5 or parts[0] != PREFIX or parts[1] not in {"use", "form"}:  # noqa: PLR2004
            return None
        _, kind, act, escalation_id, number = parts
        if act not in set(Act) or not number.isdecimal():
            return None
        return cls(Act(act), escalation_id, int(number), form=kind == "form")


def controls(escalation: Escalation, manner: Manner = USUAL) -> discord.ui.View | None:
    """Make the controls under a question as it stands; none once it has ended.

    But where what people write waits for Send, a late answer needs it too.
    """
    send = list(_send(escalation)) if manner.waits_for_send else []
    if escalation.state.is_open:
        # Send has a row of its own beside a full row of options, or their menu.
        options = escalation.question.options
        rows = [_answers(escalation), send] if options else [[*send, *_answers(escalation)]]
        rows = [*rows, _others(escalation), _like_before(escalation)]
    elif send:
        rows = [send]
    else:
        return None
    view = discord.ui.View(timeout=None)
    for row, items in enumerate(rows):
        for item in items:
            item.row = row
            view.add_item(item)
    # discord.py keeps views that are not finished in memory. A use is heard by its id alone.
    view.stop()
    return view


def _answers(escalation: Escalation) -> Iterator[Item]:
    """Make what answers the question."""
    question = escalation.question
    if question.approvals_needed is not None:
        yield _button(escalation, Act.APPROVE, "Approve", discord.ButtonStyle.success)
        yield _button(escalation, Act.DENY, "Deny", discord.ButtonStyle.danger)
    elif question.form is not None:
        yield _button(escalation, Act.FILL_IN, "Fill in the form", discord.ButtonStyle.primary)
    elif not question.options:
        yield _button(escalation, Act.ANSWER, "Answer", discord.ButtonStyle.primary)
    elif len(question.options) <= BUTTONS_LIMIT:
        for number, option in enumerate(question.options):
            label = _label(option, LABEL_ROOM)
            style = discord.ButtonStyle.primary
            yield _button(escalation, Act.PICK, label, style, number=number)
    else:
        yield _menu(escalation, question)


def _send(escalation: Escalation) -> Iterator[Item]:
    """Make what passes on the messages of whoever presses it."""
    green = discord.ButtonStyle.success
    if escalation.state.is_open and escalation.question.takes_text:
        yield _button(escalation, Act.SEND, "Send", green)
    elif may_be_sent_late(escalation):
        yield _button(escalation, Act.SEND, "Send late answer", green)


def _menu(escalation: Escalation, question: Question) -> Item:
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=str(ControlId(Act.CHOOSE, escalation.id)), placeholder="Choose an answer"
    )
    for number, option in enumerate(question.options):
        menu.add_option(label=_label(option, MENU_ROOM), value=str(number))
    return menu


def _others(escalation: Escalation) -> Iterator[Item]:
    """Make what can be done instead."""
    grey = discord.ButtonStyle.secondary
    question = escalation.question
    if question.options and not question.options_only:
        yield _button(escalation, Act.ANSWER, "Other answer", grey)
    yield _button(escalation, Act.ASK_BACK, "Ask back", grey)
    if escalation.claim is None:
        yield _button(escalation, Act.CLAIM, "I'm on it", grey)
    else:
        yield _button(escalation, Act.RELEASE, "Release", grey)
    if question.approvals_needed is None:
        yield _button(escalation, Act.DECLINE, "Decline", grey)
    yield _button(escalation, Act.REASSIGN, "Reassign", grey)


def _like_before(escalation: Escalation) -> Iterator[Item]:
    """Make what answers as it was answered before; nothing where only an option will do."""
    known = escalation.precedents or ()
    for number in range(1, 1 + (0 if escalation.question.options_only else len(known))):
        label = f"Answer like this ({number})"
        yield _button(escalation, Act.LIKE, label, discord.ButtonStyle.secondary, number=number)


def _button(
    escalation: Escalation,
    act: Act,
    label: str,
    style: discord.ButtonStyle,
    *,
    number: int = 0,
) -> Item:
    control = ControlId(act, escalation.id, number)
    return discord.ui.Button(label=label, style=style, custom_id=str(control))


def _label(text: str, room: int) -> str:
    return cut(one_line(text), room)
