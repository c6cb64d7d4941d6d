"""What the slash commands do: the same as buttons and messages, by the same use-cases.

An id that was typed is a claim, not a proof, as that of a button: whoever uses a command is checked
against the question's own operators. All is answered to that one person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, assert_never, cast

import discord

from escalation_worker.answering import Answering
from escalation_worker.discord_channel.hearing import on_call
from escalation_worker.discord_channel.hearing.command_definitions import CommandName, OptionName
from escalation_worker.discord_channel.hearing.interactions import (
    TRY_AGAIN,
    reply_of,
    roles_of,
)
from escalation_worker.discord_channel.hearing.listener import FindEscalation
from escalation_worker.discord_channel.hearing.on_call import OnCall
from escalation_worker.discord_channel.hearing.pending import Pending, Wanted, listed, suggestions
from escalation_worker.discord_channel.hearing.reassigning import chosen_in
from escalation_worker.discord_channel.hearing.whispers import NOT_TOLD, not_told, whisper
from escalation_worker.discord_channel.showing.texts import brief
from escalation_worker.discussing import Discussing, counted_in_words
from escalation_worker.verdicts import in_words
from shared.errors import StoreUnavailableError, UnreadableRecordError
from shared.escalation import Escalation, may_be_id
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import EscalationStore
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.question import OPTION_LIMIT
from shared.routes.schedule import Schedule
from shared.telemetry import get_logger

log = get_logger(__name__)

SOON_SECONDS: Final = 2.0
"""Until whoever used a command is told that the answer is to come: Discord waits three seconds, and
a command may take several calls to the store."""
WHICH: Final = (
    "Which question? Use the command in the question's own thread, or choose one with the option "
    "`question`."
)
_OPTIONS_ROOM: Final = 1_500
_SLASH: Final = 1
"""Discord's number for commands that are typed."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a command, with what was given; `focused` is what somebody is typing."""

    name: CommandName
    options: Mapping[OptionName, str]
    focused: OptionName | None = None

    @classmethod
    def read(cls, interaction: discord.Interaction) -> Self | None:
        """Read it off an interaction; None for what is no command of ours."""
        data = cast("dict[str, Any]", interaction.data or {})
        if data.get("type") != _SLASH or data.get("name") not in set(CommandName):
            return None
        given = [each for each in data.get("options") or () if each.get("name") in set(OptionName)]
        return cls(
            CommandName(data["name"]),
            {OptionName(each["name"]): str(each.get("value", "")) for each in given},
            next((OptionName(each["name"]) for each in given if each.get("focused")), None),
        )

    @property
    def text(self) -> str:
        """What was written with it."""
        texts = (OptionName.TEXT, OptionName.REASON, OptionName.COMMENT)
        return next((self.options[each] for each in texts if each in self.options), "")


class Commands:
    """Turns uses of commands into acts, and verdicts into words."""

    def __init__(
        self,
        store: EscalationStore,
        find: FindEscalation,
        answering: Answering,
        discussing: Discussing,
        pending: Pending,
        schedules: OnCall,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._find = find
        self._answering = answering
        self._discussing = discussing
        self._pending = pending
        self._schedules = schedules
        self._clock = clock

    async def heard(self, interaction: discord.Interaction, hold: Hold) -> None:
        """Take in one use of a command, or suggest what can be given with it."""
        use = Use.read(interaction)
        if use is None:
            return
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await _suggest(interaction, await self._choices(interaction, use))
            else:
                words = await _in_time(interaction, self._words(interaction, use, hold))
                if words is None and interaction.response.is_done():
                    words = in_words(ReplyVerdict.FENCED)  # an answer was announced here
                if words is not None:
                    await whisper(interaction, words)
        except (StoreUnavailableError, UnreadableRecordError) as error:
            # During an upgrade, a worker that can read the record may be next.
            log.warning("command_not_taken_in", command=use.name, reason=str(error))
            if interaction.type is discord.InteractionType.autocomplete:
                await _suggest(interaction, [])
            else:
                await whisper(interaction, TRY_AGAIN)

    async def _words(self, interaction: discord.Interaction, use: Use, hold: Hold) -> str | None:
        """Do it, and say what became of it; None where another worker says so."""
        if use.name is CommandName.PENDING:
            page = use.options.get(OptionName.PAGE, "1")
            return listed(
                await self._pending_for(interaction), int(page) if page.isdecimal() else 1
            )
        if use.name is CommandName.ON_CALL:
            return on_call.in_words(self._schedules_for(interaction, use), self._clock())
        question = use.options.get(OptionName.QUESTION)
        if question is None:
            question = await self._find(str(interaction.channel_id))
        if question is None:
            return WHICH
        if not may_be_id(question):
            return in_words(ReplyVerdict.UNKNOWN)
        reply = reply_of(interaction, question, use.text, hold, by="command")
        verdict = await self._act(interaction, use, reply)
        self._pending.acted()
        return await self._verdict_in_words(question, verdict)

    async def _act(
        self, interaction: discord.Interaction, use: Use, reply: InboundReply
    ) -> ReplyVerdict:
        match use.name:
            case CommandName.ANSWER:
                return await self._answering.answer(reply)
            case CommandName.ASK_BACK:
                return await self._discussing.ask_back(reply)
            case CommandName.CLAIM:
                return await self._discussing.claim(reply)
            case CommandName.RELEASE:
                return await self._discussing.release(reply)
            case CommandName.REASSIGN:
                chosen = chosen_in(interaction, use.options.get(OptionName.PERSON, ""))
                return await self._discussing.reassign(reply, chosen)
            case CommandName.DECLINE:
                return await self._answering.decline(reply)
            case CommandName.APPROVE:
                return await self._discussing.vote(reply, approve=True)
            case CommandName.DENY:
                return await self._discussing.vote(reply, approve=False)
            case CommandName.PENDING | CommandName.ON_CALL:
                raise AssertionError("they concern no one question")
            case _:
                assert_never(use.name)

    async def _verdict_in_words(self, escalation_id: str, verdict: ReplyVerdict) -> str | None:
        match verdict:
            case ReplyVerdict.FENCED:
                return None
            case ReplyVerdict.VOTED | ReplyVerdict.WRONG_SHAPE:
                escalation = await self._store.get(escalation_id)
                if escalation is None:
                    return in_words(verdict)
                voted = verdict is ReplyVerdict.VOTED
                return counted_in_words(escalation) if voted else _instead(escalation)
            case _:
                return in_words(verdict)

    async def _choices(
        self, interaction: discord.Interaction, use: Use
    ) -> list[discord.app_commands.Choice[str]]:
        """Suggest what can be given: to each person what is theirs."""
        typed = use.options.get(use.focused, "") if use.focused else ""
        if use.focused is OptionName.QUESTION:
            wanted = _wanted_by(use.name, str(interaction.user.id))
            theirs = await self._pending_for(interaction, recent=True)
            return suggestions(theirs, typed, wanted)
        if use.focused is OptionName.SCHEDULE:
            names = self._schedules.schedules(str(interaction.user.id), roles_of(interaction))
            fitting = [name for name in names if typed.casefold() in name]
            return [discord.app_commands.Choice(name=name, value=name) for name in fitting][:25]
        return []

    async def _pending_for(
        self, interaction: discord.Interaction, *, recent: bool = False
    ) -> list[Escalation]:
        person_id, roles = str(interaction.user.id), roles_of(interaction)
        return await self._pending.of(person_id, roles, recent=recent)

    def _schedules_for(self, interaction: discord.Interaction, use: Use) -> Mapping[str, Schedule]:
        theirs = self._schedules.schedules(str(interaction.user.id), roles_of(interaction))
        named = use.options.get(OptionName.SCHEDULE)
        if named is None:
            return theirs
        return {named: theirs[named]} if named in theirs else {}


async def _in_time(interaction: discord.Interaction, words: Awaitable[str | None]) -> str | None:
    """Wait for the answer; if it takes long, tell within Discord's time that it is to come."""
    finding = asyncio.ensure_future(words)
    try:
        await asyncio.wait({finding}, timeout=SOON_SECONDS)
        if not finding.done():
            try:
                await interaction.response.defer(ephemeral=True, thinking=True)
            except NOT_TOLD as error:
                not_told(error)
        return await finding
    finally:
        finding.cancel()


async def _suggest(
    interaction: discord.Interaction, choices: list[discord.app_commands.Choice[str]]
) -> None:
    try:
        await interaction.response.autocomplete(choices)
    except NOT_TOLD as error:
        not_told(error)


def _wanted_by(name: CommandName, person_id: str) -> Wanted:
    """Tell for which of the questions that somebody may answer this command is of use."""
    match name:
        case CommandName.ANSWER:
            return lambda each: (
                each.question.form is None and each.question.approvals_needed is None
            )
        case CommandName.DECLINE:
            return lambda each: each.question.approvals_needed is None
        case CommandName.APPROVE | CommandName.DENY:
            return lambda each: each.question.approvals_needed is not None
        case CommandName.CLAIM:
            return lambda each: each.claim is None
        case CommandName.RELEASE:
            return lambda each: each.claim is not None and each.claim.by.id == person_id
        case _:
            return lambda _: True


def _instead(escalation: Escalation) -> str:
    """Say how a question is answered that is not answered in this way."""
    question, posting = escalation.question, escalation.posting
    where = f" {posting.url}" if posting is not None and posting.url else ""
    if question.approvals_needed is not None:
        return "This is an approval: use `/approve` or `/deny`, or the buttons of its message."
    if question.form is not None:
        return f"A form is to be filled in: press “Fill in the form” under its message.{where}"
    if not question.options_only:
        return "This is no approval: use `/answer` or `/decline`."
    offered = "\n".join(f"• {brief(each, OPTION_LIMIT)}" for each in question.options)
    return f"Only one of the offered answers will do:\n{offered[:_OPTIONS_ROOM]}"
