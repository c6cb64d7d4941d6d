"""The use-case: show a question to people, once, whoever dies in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from escalation_worker.giving_up import GivingUp
from escalation_worker.leasing import under_lease
from escalation_worker.remembering import Remembering
from escalation_worker.turns import Turns
from shared.crash_points import CrashPoint, crash_point
from shared.errors import ChannelRejectedError
from shared.escalation import Escalation, Posting
from shared.ports.channel import HumanChannel
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import EscalationStore
from shared.ports.postings import LeaseVerdict, PostingLease, PostingLog
from shared.telemetry import get_logger

log = get_logger(__name__)

ShowWhatHolds = Callable[[str], Awaitable[None]]
"""Has a question shown anew where its route says otherwise by now; see `Reloading.posted`."""


async def _as_it_was_posted(_: str) -> None:
    """Leave a question as it was posted."""


@dataclass(slots=True)
class _Journal:
    """The `PostingJournal` of one try."""

    log: PostingLog
    escalation: Escalation
    attempt: int
    shown_before: bool

    def found(self) -> None:
        self.shown_before = True

    async def started(self, posting: Posting) -> None:
        crash_point(CrashPoint.STARTER_SENT)
        await self.log.note_posting(self.escalation.id, posting, complete=False)
        crash_point(CrashPoint.STARTER_NOTED)


class PostingDesk:
    """Posts what is queued."""

    def __init__(
        self,
        store: EscalationStore,
        postings: PostingLog,
        channel: HumanChannel,
        *,
        remembering: Remembering | None = None,
        turns: Turns | None = None,
        show_what_holds: ShowWhatHolds = _as_it_was_posted,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._postings = postings
        self._channel = channel
        self._remembering = remembering
        self._turns = turns or Turns()
        self._show_what_holds = show_what_holds
        self._clock = clock
        self._giving_up = GivingUp(store, clock=clock)

    async def post(self, escalation_id: str) -> None:
        """Show one question, unless it is shown already or another worker is at it.

        Raises:
            ChannelUnavailableError: Try again later; nothing is half noted.
            StoreUnavailableError: Likewise.
            CrowdedError: Likewise; this worker is at enough of its agent's, or its route's.
        """
        if (queued := await self._store.get(escalation_id)) is None:
            return
        with self._turns.of(queued):
            await self._post_under_lease(escalation_id)

    async def _post_under_lease(self, escalation_id: str) -> None:
        lease = await self._postings.lease(escalation_id)
        if lease.verdict is not LeaseVerdict.GRANTED or lease.escalation is None:
            log.debug("posting_skipped", escalation_id=escalation_id, verdict=lease.verdict)
            return
        await under_lease(self._postings, lease, self._post(lease, lease.escalation))

    async def _post(self, lease: PostingLease, escalation: Escalation) -> None:
        if escalation.deadline <= self._clock():
            return  # its expiry is at hand: nobody should be asked any more
        crash_point(CrashPoint.POSTING_LEASED)
        if self._remembering is not None:
            escalation = await self._remembering.recall(escalation)
        journal = _Journal(self._postings, escalation, lease.attempt, lease.attempt > 1)
        try:
            posting = await self._channel.post(escalation, journal)
        except ChannelRejectedError as error:
            await self._giving_up.give_up(escalation.id, str(error))
            return
        # Before it counts as posted: a worker that dies here has the next attempt look again.
        await self._show_what_holds(escalation.id)
        await self._posted(escalation, posting, shown_before=journal.shown_before)

    async def _posted(
        self, escalation: Escalation, posting: Posting, *, shown_before: bool
    ) -> None:
        crash_point(CrashPoint.THREAD_OPENED)
        state = await self._postings.note_posting(
            escalation.id, posting, complete=True, shown_before=shown_before
        )
        crash_point(CrashPoint.POSTING_NOTED)
        log.info("question_posted", escalation_id=escalation.id, place=posting.reference)
        if not state.is_open:
            ended = await self._store.get(escalation.id)
            if ended is not None:
                await self._channel.show_outcome(ended)
