"""Edits of messages: what is said about them, and those that were made while nobody listened.

Discord tells of an edit once, to whoever listens then. So when a listener begins, it looks at the
messages that answered a question whose answer can still be corrected: one request for each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_never

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.hearing.members import give_roles
from escalation_worker.discord_channel.places import GONE
from escalation_worker.discord_channel.showing.endings import answering_message
from escalation_worker.unreadable import passing_over_unreadable
from escalation_worker.verdicts import in_words
from shared.escalation import Escalation
from shared.ports.corrections import Corrections
from shared.ports.escalations import EscalationStore
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.question import QUESTION_LIMIT

HearEdit = Callable[[discord.Message, Hold], Awaitable[None]]
"""Takes in one edited message; see `Listener.edited`."""


async def passed_over(edit: InboundReply) -> ReplyVerdict:  # noqa: ARG001 (whatever it says)
    """Make nothing of an edit."""
    return ReplyVerdict.NOT_THE_ANSWER


def notice(verdict: ReplyVerdict) -> str | None:
    """Say why an edit was not passed on; None where the question's message or silence says it."""
    match verdict:
        case ReplyVerdict.CORRECTED | ReplyVerdict.CORRECTION_KEPT | ReplyVerdict.REPEATED:
            return None
        case ReplyVerdict.NOT_THE_ANSWER | ReplyVerdict.UNKNOWN | ReplyVerdict.FENCED:
            return None
        case ReplyVerdict.EDITED_TOO_LATE:
            return in_words(verdict)
        case ReplyVerdict.NOT_ALLOWED:
            why = "only the operators of this channel may answer"
        case ReplyVerdict.UNREADABLE:
            why = f"an answer has 1 to {QUESTION_LIMIT:,} characters that this bot can read"
        case ReplyVerdict.WRONG_SHAPE:
            why = "only one of the offered answers will do"
        case ReplyVerdict.TOO_LATE:
            why = "the question has ended, so the agent can't be asked back"
        case (
            ReplyVerdict.ACCEPTED
            | ReplyVerdict.KEPT_LATE
            | ReplyVerdict.WRITTEN
            | ReplyVerdict.WRITTEN_LATE
            | ReplyVerdict.WRITTEN_IN_VAIN
            | ReplyVerdict.WRITTEN_AFTER
            | ReplyVerdict.OVERHEARD
            | ReplyVerdict.NOTHING_WRITTEN
            | ReplyVerdict.TOO_MUCH_WRITTEN
            | ReplyVerdict.CONTENT_HIDDEN
            | ReplyVerdict.FORWARDED
            | ReplyVerdict.POLLED
            | ReplyVerdict.PAGE_KEPT
            | ReplyVerdict.FILES_REFUSED
            | ReplyVerdict.ASKED_BACK
            | ReplyVerdict.ENOUGH_SAID
            | ReplyVerdict.CLAIMED
            | ReplyVerdict.CLAIMED_ALREADY
            | ReplyVerdict.RELEASED
            | ReplyVerdict.REASSIGNED
            | ReplyVerdict.ON_IT_ALREADY
            | ReplyVerdict.CANNOT_TAKE_IT
            | ReplyVerdict.VOTED
            | ReplyVerdict.VOTED_ALREADY
            | ReplyVerdict.REASON_NEEDED
            | ReplyVerdict.FORGOTTEN
        ):
            raise AssertionError(f"an edit has become {verdict}")
        case _:
            assert_never(verdict)
    return f"Your edit was not passed on: {why}. What you wrote before counts."


def notice_key(message: discord.Message) -> str:
    """Name this one edit of a message, about which something may be said once."""
    edited_at = message.edited_at or message.created_at
    return f"{message.id}:{edited_at.timestamp():.3f}"


class MissedEdits:
    """Finds the edits of answers to a bot's questions that nobody heard.

    Hearing one twice does no harm.
    """

    def __init__(
        self, store: EscalationStore, corrections: Corrections, hear: HearEdit, *, bot: str
    ) -> None:
        self._store = store
        self._corrections = corrections
        self._hear = hear
        self._bot = bot

    async def look(self, client: discord.Client, hold: Hold) -> None:
        """Hear them.

        Raises:
            ChannelUnavailableError: Discord failed in between; what was heard so far counts.
            ChannelRejectedError: The bot may not read what it must.
            StoreUnavailableError: As with Discord.
        """
        authors = dict[int, discord.Member | discord.User]()
        for escalation_id in await self._corrections.correctable():
            with passing_over_unreadable(escalation_id), problems.translated_errors():
                escalation = await self._store.get(escalation_id)
                if escalation is None or not self._shows(escalation):
                    continue
                message = await _find_answer(client, escalation)
                if message is not None and message.edited_at is not None:
                    await give_roles(message, authors)
                    await self._hear(message, hold)

    def _shows(self, escalation: Escalation) -> bool:
        return escalation.posting is not None and escalation.posting.is_of(self._bot)


async def _find_answer(client: discord.Client, escalation: Escalation) -> discord.Message | None:
    """Read the message that answered, in the thread or beside it; None where it is gone."""
    posting, outcome = escalation.posting, escalation.outcome
    message_id = answering_message(outcome) if outcome else None
    if posting is None or message_id is None:
        return None
    for place in (posting.reference, posting.place):
        where = await _channel(client, int(place))
        if where is None:
            continue
        try:
            return await where.fetch_message(message_id)
        except GONE:
            continue
    return None


async def _channel(
    client: discord.Client, channel_id: int
) -> discord.Thread | discord.TextChannel | None:
    """Find a channel with its server: a message from one without would not know its author."""
    try:
        found = client.get_channel(channel_id) or await client.fetch_channel(channel_id)
    except GONE:
        return None
    return found if isinstance(found, discord.Thread | discord.TextChannel) else None
