"""`HumanChannel` on Discord: posts once, shows the outcome, closes the thread.

Everything is safe to repeat. The starter message carries a nonce made of the question's id, so
Discord itself drops a repeat within minutes; after that the message is looked for by its marker
before another is sent. The thread is made from that message and can exist only once.
"""

from __future__ import annotations

from collections.abc import Mapping

import discord

from escalation_worker.discord_channel import problems
from escalation_worker.discord_channel.places import (
    NOBODY,
    say,
    starter_of,
    words_said,
)
from escalation_worker.discord_channel.showing import calling, endings, marks, rendering
from escalation_worker.discord_channel.showing.controls import controls
from escalation_worker.discord_channel.showing.presence import tell_of_caller
from escalation_worker.discord_channel.showing.relaying import relayed, told_to_assignee
from escalation_worker.discord_channel.showing.starting import SEARCH_MARGIN, Starting
from escalation_worker.discord_channel.showing.threads import Threads
from escalation_worker.escalating import Call
from escalation_worker.manners import MannerOf, NoteManner
from shared.crash_points import CrashPoint, crash_point
from shared.errors import ChannelRejectedError, ChannelUnavailableError
from shared.escalation import ChannelKind, Escalation, Posting
from shared.ports.channel import PostingJournal
from shared.telemetry import get_logger

log = get_logger(__name__)


class DiscordChannel:
    """Sends through whichever client is logged in now; `connection` attaches it."""

    def __init__(self, starting: Starting, manner_of: MannerOf, note_manner: NoteManner) -> None:
        self._starting = starting
        self._threads = Threads()
        self._manner_of = manner_of
        self._note_manner = note_manner
        self._client: discord.Client | None = None
        self._mend: str | None = None

    def attach(self, client: discord.Client, places: Mapping[int, discord.TextChannel]) -> None:
        """Begin to send; these are the channels that were found."""
        self._client, self._starting.places, self._mend = client, places, None

    def refuse(self, mend: str) -> None:
        """Refuse what is to be posted: no place is there, and `mend` says what to do."""
        self._mend = mend

    def detach(self) -> None:
        """Stop sending: the client is gone."""
        self._client, self._starting.places = None, {}

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        """See `HumanChannel.post`."""
        client = self._attached()
        with problems.translated_errors():
            posting = escalation.posting
            if posting is None:
                posting = await self._starting.start(client, escalation, journal)
            try:
                return await self._discuss(client, escalation, posting, journal)
            except discord.NotFound as error:
                if error.code != problems.UNKNOWN_MESSAGE:
                    raise
                # Somebody deleted the message before it had a thread: it is posted anew.
                posting = await self._starting.start(client, escalation, journal)
                return await self._discuss(client, escalation, posting, journal)

    async def show_outcome(self, escalation: Escalation) -> None:
        """See `HumanChannel.show_outcome`.

        Each step stands for itself: one that is refused for good does not keep the others back.
        """
        try:
            client = self._attached()
        except ChannelRejectedError as error:
            # No reason to give up: whoever asked knows, and what people see waits for the mend.
            raise ChannelUnavailableError(str(error)) from error
        posting = escalation.posting or await self._starting.find(client, escalation)
        if posting is None or posting.channel is not ChannelKind.DISCORD:
            return
        for name, step, done in (
            ("edit", self._edit_starter, CrashPoint.OUTCOME_EDITED),
            ("relay", self._relay, CrashPoint.RELAYED),
            ("caller", tell_of_caller, CrashPoint.CALLER_TOLD_OF),
            ("confirm", self._confirm, CrashPoint.OUTCOME_CONFIRMED),
            ("close", self._close, None),
        ):
            try:
                with problems.translated_errors():
                    await step(client, escalation, posting)
                if done is not None:
                    crash_point(done)
            except ChannelRejectedError as error:
                log.warning(
                    "outcome_partly_shown",
                    escalation_id=escalation.id,
                    step=name,
                    mend=str(error),
                )

    async def call_people(self, escalation: Escalation, call: Call) -> None:
        """See `CallPeople`. In the thread, beside the message, or in a channel of their own."""
        client, posting = self._attached(), escalation.posting
        if posting is None:
            return  # its message will call them
        elsewhere = call.channel if call.channel != posting.place else None
        words = calling.words_of(escalation, call, elsewhere=elsewhere is not None)
        with problems.translated_errors():
            starter = starter_of(client, posting)
            beside = None if elsewhere or posting.threaded else starter
            place = posting.reference if posting.threaded else posting.place
            where = client.get_partial_messageable(int(elsewhere or place))
            since = starter.created_at - SEARCH_MARGIN
            beside_id = None if beside is None else starter.id
            if words in await words_said(client, where, since=since, beside=beside_id):
                return
            await say(
                where,
                words,
                nonce=calling.nonce_of(escalation, words),
                allowed_mentions=calling.allowed(call.users, call.roles),
                beside=beside,
            )

    async def _discuss(
        self,
        client: discord.Client,
        escalation: Escalation,
        posting: Posting,
        journal: PostingJournal,
    ) -> Posting:
        """Open the thread, or where Discord refuses one, let people reply to the message."""
        starter = starter_of(client, posting)
        threaded = await self._threads.open(client, escalation, posting, journal)
        if not threaded:
            beside = posting.model_copy(update={"threaded": False})
            await self._edit_starter(client, escalation, beside)
        where = client.get_partial_messageable(
            int(posting.reference if threaded else posting.place)
        )
        overflow = list(rendering.overflow(escalation))
        already: set[str] = set()
        if overflow and journal.attempt > 1:
            beside_id = None if threaded else starter.id
            already = await words_said(client, where, since=starter.created_at, beside=beside_id)
        for part, text in enumerate(overflow, start=1):
            if text in already:
                continue
            await say(
                where,
                text,
                nonce=marks.nonce(escalation, part),
                allowed_mentions=NOBODY,
                beside=None if threaded else starter,
            )
        return posting.model_copy(update={"threaded": threaded})

    async def _edit_starter(
        self, client: discord.Client, escalation: Escalation, posting: Posting
    ) -> None:
        manner, shown = self._manner_of(escalation.question), escalation.shown
        edited = await starter_of(client, posting).edit(
            embed=rendering.embed(escalation, threaded=posting.threaded, manner=manner),
            view=controls(escalation, manner),
            allowed_mentions=NOBODY,
        )
        if manner == shown.manner:
            return
        crash_point(CrashPoint.MANNER_SHOWN)
        # Last: until it is noted, no message counts that the words of before had not passed on.
        since = shown.since
        if manner.answer_mode is not shown.manner.answer_mode:
            since = edited.edited_at or discord.utils.utcnow()
        await self._note_manner(escalation.id, manner, since)

    async def _relay(
        self, client: discord.Client, escalation: Escalation, posting: Posting
    ) -> None:
        """Say to people what the agent told them, and who was given the question, once each."""
        told = [*relayed(escalation), *told_to_assignee(escalation)]
        if not told:
            return
        where = client.get_partial_messageable(
            int(posting.reference if posting.threaded else posting.place)
        )
        starter = starter_of(client, posting)
        beside = None if posting.threaded else starter.id
        already = await words_said(client, where, since=starter.created_at, beside=beside)
        for each in told:
            if each.text in already:
                continue
            await say(
                where,
                each.text,
                nonce=each.nonce,
                allowed_mentions=each.allowed_mentions,
                beside=None if posting.threaded else starter,
            )

    async def _confirm(
        self, client: discord.Client, escalation: Escalation, posting: Posting
    ) -> None:
        """Mark the message that answered, or say in the thread how it ended otherwise."""
        outcome = escalation.outcome
        if outcome is None:
            return
        where = posting.reference if posting.threaded else posting.place
        thread = client.get_partial_messageable(int(where))
        words, since = endings.outcome_line(escalation), outcome.at - SEARCH_MARGIN
        if (message_id := endings.answering_message(outcome)) is not None:
            await _react(thread, message_id)
            if escalation.late_answer is None:
                return
            words = endings.CORRECTION_KEPT
        if not posting.threaded:
            return  # its message says it, and nobody talks elsewhere
        if words not in await words_said(client, thread, since=since):
            await thread.send(
                words,
                allowed_mentions=NOBODY,
                nonce=marks.outcome_nonce(escalation),
            )

    async def _close(
        self, client: discord.Client, escalation: Escalation, posting: Posting
    ) -> None:
        """Archive the thread. It is not locked: a late word should still be heard.

        In an archived thread nobody can edit a message, so it stays open while that corrects.
        """
        if not posting.threaded or escalation.state.is_open or endings.may_be_corrected(escalation):
            return
        try:
            thread = await client.fetch_channel(int(posting.reference))
        except discord.NotFound:
            return  # there never was a thread, or somebody deleted it
        if isinstance(thread, discord.Thread) and not thread.archived:
            await thread.edit(archived=True, reason=f"{marks.marker(escalation)} has ended")

    def _attached(self) -> discord.Client:
        if self._client is None:
            if self._mend is not None:
                raise ChannelRejectedError(self._mend)
            raise ChannelUnavailableError("not connected to Discord yet")
        return self._client


async def _react(thread: discord.PartialMessageable, message_id: int) -> None:
    """Confirm a reply. It may have been written beside the thread, be gone, or be closed over."""
    try:
        await thread.get_partial_message(message_id).add_reaction("✅")
    except discord.HTTPException as error:
        if problems.waiting_helps(error):
            raise
        log.info("reply_not_marked", message_id=message_id, code=error.code)
