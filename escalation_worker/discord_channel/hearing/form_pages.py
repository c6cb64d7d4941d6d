"""A form in Discord: pages of five fields, each kept as it comes, opened with what was written.

A page's number stands in the ids of its button and of its form. A button to go on stands in a
message that only its person sees; who that is, is asked anew at each click and each page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import discord

from escalation_worker.discord_channel.hearing import modals
from escalation_worker.discord_channel.hearing.whispers import open_modal, whisper
from escalation_worker.discord_channel.showing.controls import Act, ControlId
from escalation_worker.discord_channel.showing.texts import brief
from escalation_worker.filling_in import FillingIn, PageTaken
from escalation_worker.verdicts import in_words
from shared.answer_form import AnswerForm
from shared.escalation import Escalation
from shared.ports.form_drafts import DRAFT_LENGTH
from shared.ports.replies import InboundReply, ReplyVerdict

MESSAGE_ROOM: Final = 1_900
LABEL_ROOM: Final = 60
PROBLEM_ROOM: Final = 200
NO_SUCH_PAGE: Final = "This form has no such page. Nothing was passed on."
_MINUTES: Final = int(DRAFT_LENGTH.total_seconds()) // 60


class FormPages:
    """Opens pages and takes them in."""

    def __init__(self, filling_in: FillingIn) -> None:
        self._filling_in = filling_in

    async def use(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        reply: InboundReply,
    ) -> None:
        """Open the page that a button names, or take in the one that was sent."""
        form = escalation.question.form
        if form is None or control.number >= len(modals.pages_of(form)):
            wrong = in_words(ReplyVerdict.WRONG_SHAPE) if form is None else NO_SUCH_PAGE
            await whisper(interaction, wrong)
        elif control.form:
            await self._take(interaction, control, escalation, form, reply)
        else:
            await self._open(interaction, control, escalation, form, reply)

    async def _open(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        form: AnswerForm,
        reply: InboundReply,
    ) -> None:
        written = await self._filling_in.begin(reply)
        if isinstance(written, ReplyVerdict):
            await whisper(interaction, in_words(written))
            return
        modal = modals.answer_form(escalation.id, form, control.number, written)
        await open_modal(interaction, modal)

    async def _take(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        form: AnswerForm,
        reply: InboundReply,
    ) -> None:
        pages, written = modals.pages_of(form), modals.written_in(interaction)
        taken = await self._filling_in.take(reply, pages, control.number, written)
        if taken.problems:
            wrong = [n for n, names in enumerate(pages) if taken.problems.keys() & set(names)]
            words = _what_is_wrong(form, taken.problems)
            await whisper(interaction, words, _buttons(escalation.id, wrong, len(pages)))
        elif taken.missing is not None:
            words = _kept(control.number, taken, len(pages))
            await whisper(interaction, words, _buttons(escalation.id, [taken.missing], len(pages)))
        elif taken.verdict is not ReplyVerdict.FENCED:  # then another worker hears the same
            await whisper(interaction, in_words(taken.verdict))


def _kept(page: int, taken: PageTaken, count: int) -> str:
    """Say that a page is kept and which one is next, or is missing although it came before."""
    kept = f"Page {page + 1} of {count} kept."
    if taken.missing is not None and taken.missing < page:
        kept += f" Page {taken.missing + 1} is still missing, or was kept too long ago."
    return f"{kept} Nothing is passed on before all pages are there; each is kept {_MINUTES} min."


def _what_is_wrong(form: AnswerForm, problems: Mapping[str, str]) -> str:
    """Name each field that is wrong, as many as a message has room for."""
    lines = ["Nothing was passed on. Please look at these fields:"]
    room = MESSAGE_ROOM - len(lines[0])
    named = [name for name in form.properties if name in problems]
    for number, name in enumerate(named):
        label = brief(form.label(name), LABEL_ROOM)
        line = f"**{label}** {brief(problems[name], PROBLEM_ROOM)}"
        room -= len(line) + 1
        if room < 0:
            lines.append(f"… and {len(named) - number} more")
            break
        lines.append(line)
    lines.append(f"What you wrote is kept {_MINUTES} min, and is there when you open it again.")
    return "\n".join(lines)


def _buttons(escalation_id: str, pages: Iterable[int], count: int) -> discord.ui.View:
    """Make a button for each of these pages."""
    view = discord.ui.View(timeout=None)
    for page in pages:
        label = "Fill in the form" if count == 1 else f"Fill in page {page + 1} of {count}"
        control = ControlId(Act.FILL_IN, escalation_id, page)
        view.add_item(
            discord.ui.Button(
                label=label, style=discord.ButtonStyle.primary, custom_id=str(control)
            )
        )
    view.stop()  # see `controls`
    return view
