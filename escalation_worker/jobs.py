"""The arq jobs: each takes an id, calls a use-case, and says when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from arq import Retry
from arq.cron import CronJob, cron
from arq.worker import Function, func

from escalation_worker.concluding import Concluding
from escalation_worker.escalating import Escalating
from escalation_worker.leasing import HeldError
from escalation_worker.posting import PostingDesk
from escalation_worker.turns import CrowdedError
from shared.errors import ChannelUnavailableError, StoreUnavailableError, UnreadableRecordError
from shared.redis_adapter.jobs import JobName
from shared.telemetry import get_logger

log = get_logger(__name__)

SWEEP_EVERY: Final = 3
"""Seconds. A question whose worker died waits for its lease (5 s) and for this."""
JOB_SECONDS: Final = 60
"""discord.py may take 25 s over its own retries."""
TRIES: Final = 100_000
"""Not arq's count ends the tries but the question's deadline."""
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
HELD_SECONDS: Final = (0.25, 0.5, 1.0, 2.0)
"""A showing takes less than half a second, a posting in Discord's line takes many."""

_TRY_AGAIN: Final = (ChannelUnavailableError, StoreUnavailableError, UnreadableRecordError)
"""Also what another version wrote: during an upgrade a worker that can read it may be next."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The functions that arq calls. Each is idempotent: arq may call it twice."""

    posting: PostingDesk
    concluding: Concluding
    escalating: Escalating

    async def post(self, ctx: dict[str, Any], escalation_id: str) -> None:
        """Show a question to people, and then what was said of it before they could see it."""
        try:
            await self.posting.post(escalation_id)
            await self.escalating.follow(escalation_id)
            await self.concluding.show_outcome(escalation_id)
        except (CrowdedError, HeldError) as error:
            raise _in_turn(ctx, error) from error
        except _TRY_AGAIN as error:
            raise _again(ctx, JobName.POST, escalation_id, error) from error

    async def show_outcome(self, ctx: dict[str, Any], escalation_id: str) -> None:
        """Show people how a question stands, and see what its policy makes of it.

        That comes first: a change that was shown is not queued again.
        """
        try:
            await self.escalating.follow(escalation_id)
            await self.concluding.show_outcome(escalation_id)
        except (CrowdedError, HeldError) as error:
            again = _in_turn(ctx, error)
        except _TRY_AGAIN as error:
            again = _again(ctx, JobName.SHOW_OUTCOME, escalation_id, error)
        else:
            return
        if await self._is_left_to_this(ctx, escalation_id):
            raise again

    async def expire(self, ctx: dict[str, Any], escalation_id: str) -> None:
        """Time out a question whose deadline has come."""
        try:
            done = await self.concluding.expire(escalation_id)
        except _TRY_AGAIN as error:
            raise _again(ctx, JobName.EXPIRE, escalation_id, error) from error
        if not done:
            raise Retry(defer=timedelta(seconds=1))

    async def policy(self, ctx: dict[str, Any], escalation_id: str) -> None:
        """Do what is due by a question's policy."""
        try:
            await self.escalating.follow(escalation_id)
        except _TRY_AGAIN as error:
            raise _again(ctx, JobName.POLICY, escalation_id, error) from error

    async def sweep(self, ctx: dict[str, Any]) -> None:
        """Bring back what a dead worker left behind."""
        del ctx
        try:
            await self.concluding.sweep()
        except StoreUnavailableError as error:
            log.warning("sweep_put_off", reason=str(error))

    async def _is_left_to_this(self, ctx: dict[str, Any], escalation_id: str) -> bool:
        """Tell whether a showing is to come back, where something new may have queued another."""
        try:
            return await self.concluding.is_left_to(ctx["job_id"], escalation_id)
        except StoreUnavailableError:
            return True

    def functions(self) -> list[Function]:
        """List the jobs by the names under which they are queued."""
        return [
            func(job, name=name, timeout=JOB_SECONDS, max_tries=TRIES, keep_result=0)
            for name, job in (
                (JobName.POST, self.post),
                (JobName.SHOW_OUTCOME, self.show_outcome),
                (JobName.EXPIRE, self.expire),
                (JobName.POLICY, self.policy),
            )
        ]

    def cron_jobs(self, prefix: str) -> list[CronJob]:
        """List what runs by the clock; the prefix keeps two installations apart."""
        return [
            cron(
                self.sweep,
                name=f"{prefix}:{JobName.SWEEP}",
                second=set(range(0, 60, SWEEP_EVERY)),
                timeout=JOB_SECONDS,
                keep_result=0,
            )
        ]


def _in_turn(ctx: dict[str, Any], error: CrowdedError | HeldError) -> Retry:
    if isinstance(error, CrowdedError):
        return Retry(defer=error.retry_after)
    tries = int(ctx["job_try"])
    return Retry(defer=timedelta(seconds=HELD_SECONDS[min(tries, len(HELD_SECONDS)) - 1]))


def _again(ctx: dict[str, Any], job: JobName, escalation_id: str, error: Exception) -> Retry:
    tries = int(ctx["job_try"])
    pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1]
    if isinstance(error, ChannelUnavailableError):
        pause = max(pause, error.retry_after.total_seconds() if tries > 1 else pause)
    log.warning(
        "job_put_off",
        job=job,
        escalation_id=escalation_id,
        tries=tries,
        in_seconds=pause,
        reason=str(error),
    )
    return Retry(defer=timedelta(seconds=pause))
