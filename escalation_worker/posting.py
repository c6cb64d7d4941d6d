"""The use-case: show a question to people, once, whoever dies in between."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.errors import ChannelRejectedError
from shared.escalation import Escalation, Outcome, Posting, Provenance, State
from shared.ports import (
    Clock,
    EscalationStore,
    HumanChannel,
    LeaseVerdict,
    PostingLease,
    PostingLog,
    utc_now,
)
from shared.telemetry import get_logger

log = get_logger(__name__)

RENEW_SECONDS: Final = 1.5


@dataclass(slots=True)
class _Journal:
    """The `PostingJournal` of one try."""

    log: PostingLog
    escalation: Escalation
    attempt: int
    begun: list[Posting] = field(default_factory=list[Posting])

    async def started(self, posting: Posting) -> None:
        await self.log.note_posting(self.escalation.id, posting, complete=False)
        self.begun.append(posting)


class PostingDesk:
    """Posts what is queued."""

    def __init__(
        self,
        store: EscalationStore,
        postings: PostingLog,
        channel: HumanChannel,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._postings = postings
        self._channel = channel
        self._clock = clock

    async def post(self, escalation_id: str) -> None:
        """Show one question, unless it is shown already or another worker is at it.

        Raises:
            ChannelUnavailableError: Try again later; nothing is half noted.
            StoreUnavailableError: Likewise.
        """
        lease = await self._postings.lease(escalation_id)
        if lease.verdict is not LeaseVerdict.GRANTED or lease.escalation is None:
            log.debug("posting_skipped", escalation_id=escalation_id, verdict=lease.verdict)
            return
        try:
            await self._while_leased(lease, lease.escalation)
        finally:
            # A job that is cancelled gives its lease back too, so that the next one need not wait.
            await asyncio.shield(self._postings.release(lease))

    async def _while_leased(self, lease: PostingLease, escalation: Escalation) -> None:
        if escalation.deadline <= self._clock():
            return  # its expiry is at hand: nobody should be asked any more
        posting = asyncio.ensure_future(
            self._channel.post(escalation, _Journal(self._postings, escalation, lease.attempt))
        )
        renewing = asyncio.ensure_future(self._renew(lease))
        try:
            await asyncio.wait({posting, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if not posting.done():
                log.warning("posting_lease_lost", escalation_id=escalation.id)
                return
            await self._posted(escalation, posting.result())
        except ChannelRejectedError as error:
            await self._undeliverable(escalation, str(error))
        finally:
            for task in (posting, renewing):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _posted(self, escalation: Escalation, posting: Posting) -> None:
        state = await self._postings.note_posting(escalation.id, posting, complete=True)
        log.info("question_posted", escalation_id=escalation.id, place=posting.reference)
        if not state.is_open:
            ended = await self._store.get(escalation.id)
            if ended is not None:
                await self._channel.show_outcome(ended)

    async def _renew(self, lease: PostingLease) -> None:
        """Keep the lease; return when it is lost."""
        while await self._postings.renew(lease):
            await asyncio.sleep(RENEW_SECONDS)

    async def _undeliverable(self, escalation: Escalation, reason: str) -> None:
        log.error("question_undeliverable", escalation_id=escalation.id, mend=reason)
        now: datetime = self._clock()
        await self._store.conclude(
            escalation.id,
            Outcome(
                state=State.UNDELIVERABLE,
                at=now,
                seconds=(now - escalation.created_at).total_seconds(),
                provenance=Provenance.SYSTEM,
                reason=reason,
            ),
        )
