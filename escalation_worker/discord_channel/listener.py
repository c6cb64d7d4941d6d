"""What somebody wrote in Discord, on its way in.

A reply counts in a question's thread, or as a reply to the question's message. Everything else
is none of our business. What is refused is said once, to the person who wrote it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Protocol
from weakref import WeakValueDictionary

import aiohttp
import discord

from escalation_worker.discord_channel import marks
from escalation_worker.discord_channel.files import (
    Refusals,
    about_files,
    nothing_refused,
    offered_in,
)
from escalation_worker.unreadable import passing_over_unreadable
from escalation_worker.verdicts import in_words
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind
from shared.ports import Hold, InboundReply, OnReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)

_HUMAN_MESSAGES: Final = frozenset({discord.MessageType.default, discord.MessageType.reply})

READ: Final = "📝"
"""Says of the first message that waits for Send that it was read, and nothing more."""
_ONCE_A_QUESTION: Final = frozenset({ReplyVerdict.WRITTEN, ReplyVerdict.WRITTEN_LATE})
"""Where people talk with each other, they are not told something at each message."""

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
        refusals: Refusals = nothing_refused,
    ) -> None:
        self._find = find
        self._on_reply = on_reply
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
        with self.taking_in(message):
            async with self._turn_of(message.channel.id):
                await self._until_taken_in(message, hold, in_order=in_order)

    @contextmanager
    def taking_in(self, what: discord.Message | discord.Interaction) -> Generator[None]:
        """Say of a message, or of a click, that it came and is not taken in yet."""
        taking = object()
        self._taking_in[taking] = what.created_at
        try:
            yield
        finally:
            del self._taking_in[taking]

    def heard_until(self, now: datetime) -> datetime:
        """Tell before which moment everything that was heard has been taken in."""
        return min((now, *self._taking_in.values()))

    async def _until_taken_in(
        self, message: discord.Message, hold: Hold, *, in_order: bool
    ) -> None:
        pause = RETRY_SECONDS[0]
        while True:
            try:
                await self._take_in(message, hold, in_order=in_order)
            except StoreUnavailableError as error:
                # Whoever wrote it saw nothing go wrong, and Discord won't send it again.
                log.warning("reply_waits_for_store", message_id=message.id, reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])
            else:
                return

    async def _take_in(self, message: discord.Message, hold: Hold, *, in_order: bool) -> None:
        escalation_id = await self._find(str(message.channel.id))
        in_thread = escalation_id is not None
        if escalation_id is None and message.reference and message.reference.message_id:
            # A thread's id is its starter message's: a reply to that message names it as well.
            escalation_id = await self._find(str(message.reference.message_id))
            # Discord may show a message before its worker could note it, or dies.
            escalation_id = escalation_id or _named_in_what_it_replies_to(message)
        if escalation_id is None:
            return
        with passing_over_unreadable(escalation_id):
            if is_a_persons(message):
                await self._reply(escalation_id, message, hold)
            if in_order and in_thread:
                # Last, so that a message on which a worker dies, or whose question it can't read,
                # is heard again.
                await self._memory.note_heard(escalation_id, str(message.id), hold)

    async def _reply(self, escalation_id: str, message: discord.Message, hold: Hold) -> None:
        author = message.author
        roles = author.roles if isinstance(author, discord.Member) else []
        reply = InboundReply(
            escalation_id=escalation_id,
            text=without_leading_mention(message.content, message.guild and message.guild.me),
            person_id=str(author.id),
            person_name=author.display_name,
            person_roles=frozenset(str(role.id) for role in roles),
            channel=ChannelKind.DISCORD,
            source=str(message.id),
            at=message.created_at,
            hold=hold,
            files=offered_in(message),
        )
        verdict = await self._on_reply(reply)
        words = await about_files(verdict, reply, self._refusals, notice(verdict, message))
        quietly = verdict is ReplyVerdict.WRITTEN
        told_once = f"{verdict}:{escalation_id}" if verdict in _ONCE_A_QUESTION else str(message.id)
        if (words or quietly) and await self._memory.first_notice(told_once, hold):
            try:
                if quietly:
                    await message.add_reaction(READ)
                    return
                await message.reply(
                    words, mention_author=False, allowed_mentions=discord.AllowedMentions.none()
                )
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("notice_not_given", message_id=message.id, reason=type(error).__name__)

    def _turn_of(self, channel_id: int) -> asyncio.Lock:
        """Let messages of one thread be taken in one after the other, as they were written."""
        turn = self._turns.get(channel_id)
        if turn is None:
            turn = self._turns[channel_id] = asyncio.Lock()
        return turn


def notice(verdict: ReplyVerdict, message: discord.Message) -> str | None:
    """Say what became of a reply; None where the reaction or silence says it."""
    match verdict:
        case ReplyVerdict.ACCEPTED | ReplyVerdict.REPEATED:
            return None
        case ReplyVerdict.UNKNOWN | ReplyVerdict.FENCED:
            return None
        case ReplyVerdict.WRITTEN | ReplyVerdict.OVERHEARD:
            return None
        case ReplyVerdict.TOO_LATE:
            return "This question has already ended, so your message was not passed on."
        case ReplyVerdict.NOT_ALLOWED:
            return "Only the operators of this channel may answer. Nothing was passed on."
        case ReplyVerdict.UNREADABLE if message.stickers and not message.content:
            return "A sticker can't be passed on. Please write the answer as a message."
        case ReplyVerdict.UNREADABLE if not message.content:
            return (
                "I can't read this message. Either it is empty, or this bot lacks the Message "
                "Content intent: then begin your answer by mentioning me."
            )
        case ReplyVerdict.UNREADABLE:
            return "Please write an answer of 1 to 4,000 characters."
        case _:
            return in_words(verdict)


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
