"""What somebody clicked, chose or filled in, on its way in; and the answer that only they see.

Discord waits three seconds for an answer, and a call to the store takes less than two. A click that
was not taken in is not tried again by itself: whoever clicked sees that, and clicks again.
"""

from __future__ import annotations

from typing import Final, assert_never

import discord

from escalation_worker.answering import Answering
from escalation_worker.discord_channel.hearing import modals, reassigning
from escalation_worker.discord_channel.hearing.form_pages import FormPages
from escalation_worker.discord_channel.hearing.interactions import TRY_AGAIN, reply_of
from escalation_worker.discord_channel.hearing.listener import FindEscalation
from escalation_worker.discord_channel.hearing.send_button import SendButton
from escalation_worker.discord_channel.hearing.whispers import is_our_whisper, open_modal, whisper
from escalation_worker.discord_channel.showing.controls import Act, ControlId
from escalation_worker.discussing import Discussing, counted_in_words
from escalation_worker.manners import MannerOf
from escalation_worker.verdicts import in_words
from shared.errors import StoreUnavailableError, UnreadableRecordError
from shared.escalation import Escalation
from shared.ports.escalations import EscalationStore
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)

GIVEN_BACK_ROOM: Final = 1_900


class Clicks:
    """Turns interactions into acts, and verdicts into words."""

    def __init__(
        self,
        store: EscalationStore,
        find: FindEscalation,
        answering: Answering,
        discussing: Discussing,
        form_pages: FormPages,
        send_button: SendButton,
        manner_of: MannerOf,
    ) -> None:
        self._store = store
        self._find = find
        self._answering = answering
        self._discussing = discussing
        self._form_pages = form_pages
        self._send_button = send_button
        self._manner_of = manner_of

    async def heard(self, interaction: discord.Interaction, hold: Hold) -> None:
        """Take in one use of a control or a form."""
        control = ControlId.parse(str((interaction.data or {}).get("custom_id", "")))
        if control is None:
            return
        try:
            await self._take_in(interaction, control, hold)
        except (StoreUnavailableError, UnreadableRecordError) as error:
            log.warning("click_not_taken_in", act=control.act, reason=str(error))
            lost = _given_back(interaction) if control.act is Act.FILL_IN else ""
            await whisper(interaction, f"{TRY_AGAIN}{lost}")

    async def _take_in(
        self, interaction: discord.Interaction, control: ControlId, hold: Hold
    ) -> None:
        if control.act is Act.SEND:
            await self._send(interaction, control, hold)
            return
        if control.act is Act.ASSIGN:
            await self._assign(interaction, control, hold)
            return
        escalation = await self._clicked(interaction, control)
        if escalation is None:
            await whisper(interaction, in_words(ReplyVerdict.UNKNOWN))
        elif control.act is Act.LIKE:
            await self._answer_like_before(interaction, control, escalation, hold)
        elif control.act is Act.FILL_IN:
            reply = _reply(interaction, control, "", hold)
            await self._form_pages.use(interaction, control, escalation, reply)
        elif control.act is Act.REASSIGN:
            await self._choose_person(interaction, control, escalation, hold)
        elif not control.form and self._opens_form(control.act, escalation):
            await self._open(interaction, control, escalation)
        else:
            verdict = await self._act(interaction, control, escalation, hold)
            await self._tell(interaction, escalation, verdict)

    async def _send(self, interaction: discord.Interaction, control: ControlId, hold: Hold) -> None:
        async def is_its_own() -> bool:
            return await self._clicked(interaction, control) is not None

        reply = _reply(interaction, control, "", hold)
        await self._send_button.pressed(interaction, reply, is_its_own)

    async def _clicked(
        self, interaction: discord.Interaction, control: ControlId
    ) -> Escalation | None:
        """Find the question, if the message that was clicked is the question's own.

        Or, for a page of a form, a message of ours that only this person sees.
        """
        message = interaction.message
        if message is None:
            return None
        whispered = control.act is Act.FILL_IN and is_our_whisper(interaction)
        if not whispered and await self._find(str(message.id)) != control.escalation_id:
            return None
        return await self._store.get(control.escalation_id)

    def _opens_form(self, act: Act, escalation: Escalation) -> bool:
        wants_reasons = self._manner_of(escalation.question).wants_reasons
        return modals.opens_form(act, wants_reasons=wants_reasons)

    async def _open(
        self, interaction: discord.Interaction, control: ControlId, escalation: Escalation
    ) -> None:
        """Open the form behind a control."""
        if not escalation.state.is_open:
            await whisper(interaction, in_words(ReplyVerdict.TOO_LATE))
            return
        wants_reasons = self._manner_of(escalation.question).wants_reasons
        modal = modals.text_form(control.act, escalation.id, wants_reasons=wants_reasons)
        await open_modal(interaction, modal)

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
            case Act.FILL_IN | Act.SEND | Act.REASSIGN | Act.ASSIGN | Act.LIKE:
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

    async def _answer_like_before(
        self,
        interaction: discord.Interaction,
        control: ControlId,
        escalation: Escalation,
        hold: Hold,
    ) -> None:
        """Open the form of an answer with an earlier one in it, for whoever may answer."""
        if not escalation.state.is_open:
            await whisper(interaction, in_words(ReplyVerdict.TOO_LATE))
            return
        reply = _reply(interaction, control, "", hold)
        found = await self._answering.recall(reply, control.number)
        if isinstance(found, ReplyVerdict):
            await whisper(interaction, in_words(found))
        else:
            modal = modals.text_form(Act.ANSWER, escalation.id, written=found)
            await open_modal(interaction, modal)

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
            await whisper(interaction, in_words(may))
            return
        await whisper(interaction, reassigning.WHOM, reassigning.person_menu(escalation.id))

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
        if verdict is not ReplyVerdict.FENCED:  # another worker hears the same choice
            await whisper(interaction, in_words(verdict))

    async def _tell(
        self, interaction: discord.Interaction, escalation: Escalation, verdict: ReplyVerdict
    ) -> None:
        if verdict is ReplyVerdict.FENCED:
            return  # another worker hears the same click
        words = in_words(verdict)
        if verdict is ReplyVerdict.VOTED:
            words = counted_in_words(await self._store.get(escalation.id) or escalation)
        await whisper(interaction, words)


def _given_back(interaction: discord.Interaction) -> str:
    """Give back, to be copied, what was written in a form that could not be kept."""
    written = "\n".join(text for text in modals.written_in(interaction).values() if text)
    quoted = written.replace("```", "``\u200b`")[:GIVEN_BACK_ROOM]
    return f" You wrote:\n```\n{quoted}\n```" if quoted else ""


def _reply(
    interaction: discord.Interaction, control: ControlId, text: str, hold: Hold
) -> InboundReply:
    return reply_of(interaction, control.escalation_id, text, hold, by="click")
