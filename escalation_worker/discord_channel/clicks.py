"""What somebody clicked, chose or filled in, on its way in; and the answer that only they see.

Discord waits three seconds for an answer, and a call to the store takes less than two. A click that
was not taken in is not tried again by itself: whoever clicked sees that, and clicks again.
"""

from __future__ import annotations

from typing import assert_never

import discord

from escalation_worker.answering import Answering
from escalation_worker.discord_channel import modals, reassigning
from escalation_worker.discord_channel.controls import Act, ControlId
from escalation_worker.discord_channel.interactions import REFUSED, TRY_AGAIN, reply_of
from escalation_worker.discord_channel.interactions import not_told as _not_told
from escalation_worker.discord_channel.interactions import say as _say
from escalation_worker.discord_channel.listener import FindEscalation
from escalation_worker.discussing import Discussing, counted_in_words
from escalation_worker.verdicts import in_words
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation
from shared.ports import EscalationStore, Hold, InboundReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)


class Clicks:
    """Turns interactions into acts, and verdicts into words."""

    def __init__(
        self,
        store: EscalationStore,
        find: FindEscalation,
        answering: Answering,
        discussing: Discussing,
    ) -> None:
        self._store = store
        self._find = find
        self._answering = answering
        self._discussing = discussing

    async def heard(self, interaction: discord.Interaction, hold: Hold) -> None:
        """Take in one use of a control or a form."""
        control = ControlId.parse(str((interaction.data or {}).get("custom_id", "")))
        if control is None:
            return
        try:
            await self._take_in(interaction, control, hold)
        except StoreUnavailableError as error:
            log.warning("click_not_taken_in", act=control.act, reason=str(error))
            await _say(interaction, TRY_AGAIN)

    async def _take_in(
        self, interaction: discord.Interaction, control: ControlId, hold: Hold
    ) -> None:
        if control.act is Act.ASSIGN:
            await self._assign(interaction, control, hold)
            return
        escalation = await self._clicked(interaction, control)
        if escalation is None:
            await _say(interaction, in_words(ReplyVerdict.UNKNOWN))
        elif not control.form and modals.opens_form(control.act):
            await _open(interaction, control, escalation)
        elif control.act is Act.FILL_IN:
            await self._fill_in(interaction, escalation, hold)
        elif control.act is Act.REASSIGN:
            await self._choose_person(interaction, control, escalation, hold)
        else:
            verdict = await self._act(interaction, control, escalation, hold)
            await self._tell(interaction, escalation, verdict)

    async def _clicked(
        self, interaction: discord.Interaction, control: ControlId
    ) -> Escalation | None:
        """Find the question, if the message that was clicked is the question's own."""
        message = interaction.message
        if message is None or await self._find(str(message.id)) != control.escalation_id:
            return None
        return await self._store.get(control.escalation_id)

    async def _act(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        hold: Hold,
    ) -> ReplyVerdict:
        text = modals.written_in(interaction).get(modals.TEXT, "")
        reply = _reply(interaction, control, text, hold)
        match control.act:
            case Act.PICK | Act.CHOOSE:
                return await self._pick(interaction, control, escalation, hold)
            case Act.ANSWER:
                return await self._answering.answer(reply)
            case Act.APPROVE:
                return await self._discussing.vote(reply, approve=True)
            case Act.DENY:
                return await self._discussing.vote(reply, approve=False)
            case Act.ASK_BACK:
                return await self._discussing.ask_back(reply)
            case Act.CLAIM:
                return await self._discussing.claim(reply)
            case Act.RELEASE:
                return await self._discussing.release(reply)
            case Act.DECLINE:
                return await self._answering.decline(reply)
            case Act.FILL_IN | Act.REASSIGN | Act.ASSIGN:
                raise AssertionError("taken in before")
            case _:
                assert_never(control.act)

    async def _pick(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        hold: Hold,
    ) -> ReplyVerdict:
        chosen = (interaction.data or {}).get("values") or [str(control.number)]
        number = str(chosen[0])
        options = escalation.question.options
        if not number.isdecimal() or int(number) >= len(options):
            return ReplyVerdict.UNREADABLE
        return await self._answering.answer(
            _reply(interaction, control, options[int(number)], hold)
        )

    async def _fill_in(
        self, interaction: discord.Interaction, escalation: Escalation, hold: Hold
    ) -> None:
        written = modals.written_in(interaction)
        control = ControlId(Act.FILL_IN, escalation.id, form=True)
        filled = await self._answering.fill_in(_reply(interaction, control, "", hold), written)
        if not filled.problems or escalation.question.form is None:
            await self._tell(interaction, escalation, filled.verdict)
            return
        # A form can't be opened in answer to a form: what was written is given back to be copied.
        form = escalation.question.form
        wrong = [f"**{form.label(name)}** {why}" for name, why in filled.problems.items()]
        kept = [f"{form.label(name)}: {text}" for name, text in written.items() if text]
        lines = ["Nothing was passed on:", *wrong, "You wrote:", "```", *kept, "```"]
        await _say(interaction, "\n".join(lines).replace("````", "```")[:2000])

    async def _choose_person(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        hold: Hold,
    ) -> None:
        """Let somebody choose who shall take the question, if they may act on it."""
        may = self._discussing.may_reassign(escalation, _reply(interaction, control, "", hold))
        if may is not None:
            await _say(interaction, in_words(may))
            return
        try:
            await interaction.response.send_message(
                reassigning.WHOM, view=reassigning.person_menu(escalation.id), ephemeral=True
            )
        except REFUSED as error:
            _not_told(error)

    async def _assign(
        self, interaction: discord.Interaction, control: ControlId, hold: Hold
    ) -> None:
        """Give a question to whoever was chosen.

        The menu stands in a message of its own, so that nothing but its id says which question is
        meant. As with a command, who may do it is checked all the same.
        """
        values = (interaction.data or {}).get("values") or [""]
        chosen = reassigning.chosen_in(interaction, str(values[0]))
        reply = _reply(interaction, control, "", hold)
        verdict = await self._discussing.reassign(reply, chosen)
        if verdict is ReplyVerdict.FENCED:
            return  # another worker hears the same choice
        try:
            await interaction.response.edit_message(content=in_words(verdict), view=None)
        except REFUSED as error:
            _not_told(error)

    async def _tell(
        self, interaction: discord.Interaction, escalation: Escalation, verdict: ReplyVerdict
    ) -> None:
        if verdict is ReplyVerdict.FENCED:
            return  # another worker hears the same click
        words = in_words(verdict)
        if verdict is ReplyVerdict.VOTED:
            words = counted_in_words(await self._store.get(escalation.id) or escalation)
        await _say(interaction, words)


async def _open(
    interaction: discord.Interaction, control: ControlId, escalation: Escalation
) -> None:
    """Open the form behind a control."""
    if not escalation.state.is_open:
        await _say(interaction, in_words(ReplyVerdict.TOO_LATE))
        return
    form = escalation.question.form
    if control.act is not Act.FILL_IN or form is None:
        modal = modals.text_form(control.act, escalation.id)
    elif len(form.properties) > modals.FIELDS_ROOM:
        await _say(
            interaction,
            f"This form has {len(form.properties)} fields and Discord shows "
            f"{modals.FIELDS_ROOM}: please fill it in on the desk.",
        )
        return
    else:
        modal = modals.answer_form(escalation, form)
    try:
        await interaction.response.send_modal(modal)
    except REFUSED as error:
        _not_told(error)


def _reply(
    interaction: discord.Interaction, control: ControlId, text: str, hold: Hold
) -> InboundReply:
    return reply_of(interaction, control.escalation_id, text, hold, by="click")
