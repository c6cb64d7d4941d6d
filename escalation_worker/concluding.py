"""The use-cases around an end: expire at the deadline, show the outcome, sweep up after crashes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from escalation_worker.leasing import HeldError, under_lease
from escalation_worker.remembering import Remembering
from escalation_worker.turns import Turns
from escalation_worker.unreadable import passing_over_unreadable
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import ChannelKind, Escalation
from shared.expiry import TIMES_OUT, UNHEARD, expired
from shared.ports.channel import HumanChannel
from shared.ports.clock import Clock, utc_now
from shared.ports.corrections import Corrections
from shared.ports.escalations import EscalationStore
from shared.ports.postings import Backlog, LeaseVerdict, Work
from shared.question import Question
from shared.routes.steps import End
from shared.telemetry import get_logger

log = get_logger(__name__)

HeardUntil = Callable[[str], Awaitable[datetime | None]]
"""Tells until when everything that people wrote to a bot was taken in."""
EndOf = Callable[[Question], End]
"""Tells how a question ends that nobody answered."""
HEARD_SINCE: Final = timedelta(seconds=2)
"""A question may end before its deadline if nothing is unheard that is older than this."""


def times_out(_: Question) -> End:
    """Let every question time out."""
    return TIMES_OUT


class Concluding:
    """Ends what nobody ended, and shows how things ended."""

    def __init__(
        self,
        store: EscalationStore,
        postings: Backlog,
        channel: HumanChannel,
        heard_until: HeardUntil,
        *,
        end_of: EndOf = times_out,
        remembering: Remembering | None = None,
        corrections: Corrections | None = None,
        turns: Turns | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._postings = postings
        self._channel = channel
        self._heard_until = heard_until
        self._end_of = end_of
        self._remembering = remembering
        self._corrections = corrections
        self._turns = turns or Turns()
        self._clock = clock

    async def expire(self, escalation_id: str) -> bool:
        """End a question whose deadline has passed; leave any other alone.

        Returns False where it must wait a little: what was written in time may not have been heard
        yet, because the listener is gone or has messages before it.
        """
        escalation = await self._store.get(escalation_id)
        if escalation is None:
            await self._postings.forget(escalation_id)
            return True
        now = self._clock()
        if not escalation.state.is_open or escalation.deadline > now:
            return True
        past = now >= escalation.deadline + UNHEARD
        if not past and not await self._is_heard(escalation, escalation.deadline):
            return False
        crash_point(CrashPoint.EXPIRY_DUE)
        await self._conclude(escalation, self._end_of(escalation.question), now)
        return True

    async def end(self, escalation: Escalation, end: End) -> bool:
        """End a question before its deadline, because its policy has nobody left to ask.

        Returns False where it must wait a little, as `expire` does.
        """
        now = self._clock()
        if not await self._is_heard(escalation, now - HEARD_SINCE):
            return False
        await self._conclude(escalation, end, now)
        return True

    async def _conclude(self, escalation: Escalation, end: End, now: datetime) -> None:
        concluded = await self._store.conclude(escalation.id, expired(escalation, now, end))
        crash_point(CrashPoint.EXPIRY_CONCLUDED)
        if concluded is not None and concluded.applied:
            outcome = concluded.escalation.outcome
            log.info(
                "question_expired",
                escalation_id=escalation.id,
                state=concluded.escalation.state,
                provenance=outcome and outcome.provenance,
            )

    async def _is_heard(self, escalation: Escalation, moment: datetime) -> bool:
        """Whether all that people wrote about this question before then has been taken in."""
        heard_until = await self._heard_about(escalation)
        return heard_until is not None and heard_until >= moment

    async def _heard_about(self, escalation: Escalation) -> datetime | None:
        """Tell until when all that people wrote about this question has been taken in."""
        posting = escalation.posting
        if posting is None or posting.channel is ChannelKind.DESK:
            return self._clock()  # what is answered on the desk needs no listener
        return await self._heard_until(posting.bot)

    async def show_outcome(self, escalation_id: str) -> None:
        """Show people how a question ended.

        Raises:
            ChannelUnavailableError: Try again later.
            CrowdedError: Likewise; this worker is showing enough of its agent's.
            HeldError: Likewise; somebody is at it, who may not show what came since they began.
        """
        score = await self._postings.unshown_score(escalation_id)
        if score is None:
            return
        if (escalation := await self._store.get(escalation_id)) is None:
            await self._postings.shown(escalation_id, score)
            return
        # What is asked and taken back, or talked about, without end would have all of this
        # worker's jobs wait in Discord's lines, and another agent's question before them.
        with self._turns.of(escalation):
            await self._show_under_lease(escalation_id, score)

    async def is_left_to(self, job_id: str, escalation_id: str) -> bool:
        """Whether this job is to show what there is to show. One that came later does it all."""
        return await self._postings.showing_job(escalation_id) in {job_id, None}

    async def _show_under_lease(self, escalation_id: str, score: int) -> None:
        lease = await self._postings.lease(escalation_id, Work.SHOWING)
        match lease.verdict:
            case LeaseVerdict.GRANTED if lease.escalation is not None:
                await under_lease(self._postings, lease, self._show(lease.escalation, score))
            case LeaseVerdict.HELD:
                raise HeldError
            case _:
                await self._postings.shown(escalation_id, score)

    async def _show(self, escalation: Escalation, score: int) -> None:
        # Without a posting too: it may be shown although its worker died before it could say so.
        await self._channel.show_outcome(escalation)
        crash_point(CrashPoint.OUTCOME_CLOSED)
        log.info("outcome_shown", escalation_id=escalation.id, state=escalation.state)
        # Before the showing counts as done, since that is tried until it does.
        if self._remembering is not None:
            await self._remembering.remember(escalation)
        await self._postings.shown(escalation.id, score)

    async def sweep(self) -> None:
        """Bring back what a worker left behind that died."""
        for escalation_id in await self._postings.overdue():
            with passing_over_unreadable(escalation_id):
                await self.expire(escalation_id)
        graces = await self._end_graces(self._corrections) if self._corrections else 0
        posts = await self._postings.requeue(Work.POSTING)
        shows = await self._postings.requeue(Work.SHOWING)
        policies = await self._postings.requeue(Work.POLICY)
        if posts or shows or policies or graces:
            log.info("swept", posts=posts, outcomes=shows, policies=policies, graces=graces)
        if self._remembering is not None:
            await self._remembering.forget_expired()

    async def _end_graces(self, corrections: Corrections) -> int:
        """Have those answers shown as final whose time for edits is over; tell how many."""
        ended = 0
        for escalation_id in await corrections.correctable(before=self._clock()):
            with passing_over_unreadable(escalation_id):
                escalation = await self._store.get(escalation_id)
                heard_until = await self._heard_about(escalation) if escalation else None
                ended += await corrections.end_grace(escalation_id, heard_until)
        return ended
