"""What somebody wrote in Discord, on its way in.

A reply counts in a question's thread, or as a reply to the question's message. Everything else
is none of our business. What is refused is said once, to the person who wrote it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Final, Protocol
from weakref import WeakValueDictionary

import discord

from escalation_worker.discord_channel.hearing import edits
from escalation_worker.discord_channel.hearing.files import (
    Refusals,
    about_files,
    nothing_refused,
    offered_in,
)
from escalation_worker.discord_channel.hearing.kinds import replied_to
from escalation_worker.discord_channel.hearing.notices import (
    ONCE_A_QUESTION,
    notice,
    say,
    show_read,
)
from escalation_worker.discord_channel.showing import marks
from escalation_worker.unreadable import passing_over_unreadable
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, OnReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)

_HUMAN_MESSAGES: Final = frozenset({discord.MessageType.default, discord.MessageType.reply})
RETRY_SECONDS: Final = (0.2, 5.0)

FindEscalation = Callable[[str], Awaitable[str | None]]


class Memory(Protocol):
    """Remembers what was heard, and what has been said about it."""

    async def note_heard(self, escalation_id: str, source: str, hold: Hold) -> None:
        """Move the question's cursor to this message, unless it is further already."""
        ...

    async def first_notice(self, source: str, hold: Hold) -> bool:
        """Whether nothing was said about this message yet."""
        ...


class Listener:
    """Turns messages into replies and verdicts into words."""

    def __init__(
        self,
        find: FindEscalation,
        on_reply: OnReply,
        memory: Memory,
        *,
        refusals: Refusals = nothing_refused,
        on_edit: OnReply = edits.passed_over,
    ) -> None:
        self._find = find
        self._on_reply = on_reply
        self._on_edit = on_edit
        self._memory = memory
        self._refusals = refusals
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._taking_in: dict[object, datetime] = {}

    async def heard(self, message: discord.Message, hold: Hold, *, in_order: bool) -> None:
        """Take in one message that was heard under this hold.

        `in_order` says that everything written before it under the same question was taken in
        too. Only then does it move the cursor from which a restarted listener reads on. While the
        store is away it waits, and what is written behind it in the same thread waits too. Once
        the slot has a newer holder, which finds the same message, it is dropped.
        """
        with self.taking_in(message.created_at):
            async with self._turn_of(message.channel.id):
                take_in = partial(self._take_in, message, hold, in_order=in_order)
                await _until_stored(take_in, message)

    async def edited(self, message: discord.Message, hold: Hold) -> None:
        """Take in that somebody edited a message, behind what came before in the same thread."""
        if message.edited_at is None or not is_a_persons(message):
            return  # Discord's own doing: a preview that unfolded, a pin
        with self.taking_in(message.edited_at):
            async with self._turn_of(message.channel.id):
                await _until_stored(partial(self._take_in_edit, message, hold), message)

    @contextmanager
    def taking_in(self, since: datetime) -> Generator[None]:
        """Say that something came which was done then, and is not taken in yet."""
        taking = object()
        self._taking_in[taking] = since
        try:
            yield
        finally:
            del self._taking_in[taking]

    def heard_until(self, now: datetime) -> datetime:
        """Tell before which moment everything that was heard has been taken in."""
        return min((now, *self._taking_in.values()))

    async def _take_in(self, message: discord.Message, hold: Hold, *, in_order: bool) -> None:
        escalation_id, in_thread = await self._question_of(message)
        if escalation_id is None:
            return
        with passing_over_unreadable(escalation_id):
            if is_a_persons(message):
                await self._reply(escalation_id, message, hold)
            if in_order and in_thread:
                # Last, so that a message on which a worker dies, or whose question it can't read,
                # is heard again.
                await self._memory.note_heard(escalation_id, str(message.id), hold)

    async def _take_in_edit(self, message: discord.Message, hold: Hold) -> None:
        escalation_id, _ = await self._question_of(message)
        if escalation_id is None or message.edited_at is None:
            return
        with passing_over_unreadable(escalation_id):
            verdict = await self._on_edit(
                _inbound(escalation_id, message, hold, at=message.edited_at)
            )
            words, once = edits.notice(verdict), edits.notice_key(message)
            if words is not None and await self._memory.first_notice(once, hold):
                await say(words, message)

    async def _question_of(self, message: discord.Message) -> tuple[str | None, bool]:
        """Find which question a message is about, and whether it stands in its thread."""
        escalation_id = await self._find(str(message.channel.id))
        if escalation_id is not None:
            return escalation_id, True
        answered_id = replied_to(message)
        if answered_id is not None:
            # A thread's id is its starter message's: a reply to that message names it as well.
            escalation_id = await self._find(str(answered_id))
            # Discord may show a message before its worker could note it, or dies.
            escalation_id = escalation_id or _named_in_what_it_replies_to(message)
        return escalation_id, False

    async def _reply(self, escalation_id: str, message: discord.Message, hold: Hold) -> None:
        reply = _inbound(escalation_id, message, hold, at=message.created_at)
        verdict = await self._on_reply(reply)
        words = await about_files(verdict, reply, self._refusals, notice(verdict, message))
        quietly = verdict is ReplyVerdict.WRITTEN
        told_once = f"{verdict}:{escalation_id}" if verdict in ONCE_A_QUESTION else str(message.id)
        if (words or quietly) and await self._memory.first_notice(told_once, hold):
            await (show_read(message) if quietly else say(words or "", message))

    def _turn_of(self, channel_id: int) -> asyncio.Lock:
        """Let messages of one thread be taken in one after the other, as they were written."""
        turn = self._turns.get(channel_id)
        if turn is None:
            turn = self._turns[channel_id] = asyncio.Lock()
        return turn


async def _until_stored(take_in: Callable[[], Awaitable[None]], message: discord.Message) -> None:
    """Take something in; while the store is away, try again."""
    pause = RETRY_SECONDS[0]
    while True:
        try:
            await take_in()
        except StoreUnavailableError as error:
            # Whoever wrote it saw nothing go wrong, and Discord won't send it again.
            log.warning("reply_waits_for_store", message_id=message.id, reason=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_SECONDS[1])
        else:
            return


def _inbound(
    escalation_id: str, message: discord.Message, hold: Hold, *, at: datetime
) -> InboundReply:
    """Read what somebody wrote, and who they are; `at`: when they did what is taken in."""
    author = message.author
    roles = author.roles if isinstance(author, discord.Member) else []
    return InboundReply(
        escalation_id=escalation_id,
        text=without_leading_mention(message.content, message.guild and message.guild.me),
        person_id=str(author.id),
        person_name=author.display_name,
        person_roles=frozenset(str(role.id) for role in roles),
        channel=ChannelKind.DISCORD,
        source=str(message.id),
        at=at,
        hold=hold,
        files=offered_in(message),
        editable=True,
    )


def is_a_persons(message: discord.Message) -> bool:
    """Whether a person wrote this, in words of their own."""
    return not message.author.bot and message.webhook_id is None and message.type in _HUMAN_MESSAGES


def _named_in_what_it_replies_to(message: discord.Message) -> str | None:
    """Read which question a reply is about off the message itself, which must be the bot's own."""
    me = message.guild.me if message.guild else None
    answered = message.reference.resolved if message.reference else None
    if me is None or not isinstance(answered, discord.Message) or answered.author.id != me.id:
        return None
    return marks.marked_id(answered)


def without_leading_mention(content: str, me: discord.abc.Snowflake | None) -> str:
    """Drop the bot's own mention, which people write when it can't read messages otherwise."""
    text = content.strip()
    if me is not None:
        for mention in (f"<@{me.id}>", f"<@!{me.id}>"):
            if text.startswith(mention):
                return text.removeprefix(mention).lstrip(" ,:")
    return text
