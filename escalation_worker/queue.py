"""arq's worker, woken by a hint instead of by its clock alone.

arq polls every half second. Whoever queues a job publishes a hint; then the queue is read at
once, and an idle worker stays idle.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from arq.connections import ArqRedis
from arq.worker import Worker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from escalation_worker.jobs import JOB_SECONDS, Jobs
from shared.redis_adapter.connection import unavailable
from shared.redis_adapter.jobs import deserialize, serialize
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.waiting import listen
from shared.telemetry import get_logger

log = get_logger(__name__)

POLL_SECONDS: Final = 0.5
STALLED_SECONDS: Final = 10.0
"""A poll that takes so long has lost its server: the queue is opened anew."""


class _WokenWorker(Worker):
    """Reads the queue when woken, when a job has ended, and every half second."""

    def __init__(self, woken: asyncio.Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._woken = woken

    async def main(self) -> None:
        while True:
            self._woken.clear()
            async with asyncio.timeout(STALLED_SECONDS):
                await self._poll_iteration()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()

    async def settle(self, seconds: float) -> None:
        """Take no new jobs; let those under way end, then hand back the rest."""
        self.allow_pick_jobs = False
        running = set(self.tasks.values())
        if running:
            _, late = await asyncio.wait(running, timeout=seconds)
            for task in late:
                task.cancel()
            # Those that failed failed with the queue, whose end is told: not each by itself.
            await asyncio.gather(*running, return_exceptions=True)


class Queue:
    """Consumes the queue until cancelled."""

    def __init__(
        self,
        redis: ArqRedis,
        subscriber: Redis,
        keys: Keys,
        jobs: Jobs,
        *,
        max_jobs: int,
        stop_seconds: float,
    ) -> None:
        self._redis = redis
        self._subscriber = subscriber
        self._keys = keys
        self._jobs = jobs
        self._max_jobs = max_jobs
        self._stop_seconds = stop_seconds

    async def run(self) -> None:
        """Consume until cancelled; an error ends it, and the supervisor makes a new one.

        Raises:
            StoreUnavailableError: Redis failed for longer than its client is patient.

        A new one, because arq's worker forgets to give back the place of a job whose start was
        broken off by a lost connection.
        """
        woken = asyncio.Event()

        async def job_ended(_ctx: dict[str, Any]) -> None:
            woken.set()

        worker = _WokenWorker(
            woken,
            functions=self._jobs.functions(),
            cron_jobs=self._jobs.cron_jobs(self._keys.prefix),
            redis_pool=self._redis,
            queue_name=self._keys.queue,
            handle_signals=False,
            max_jobs=self._max_jobs,
            job_timeout=JOB_SECONDS,
            keep_result=0,
            poll_delay=POLL_SECONDS,
            after_job_end=job_ended,
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        hints = asyncio.create_task(
            listen(self._subscriber, self._keys.wake, lambda _hint: woken.set())
        )
        log.info("queue_open", max_jobs=self._max_jobs)
        try:
            await worker.async_run()
        except (RedisError, TimeoutError, OSError) as error:
            raise unavailable(error) from error
        finally:
            hints.cancel()
            await asyncio.gather(hints, return_exceptions=True)
            await asyncio.shield(worker.settle(self._stop_seconds))
