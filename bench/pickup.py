"""How soon an idle worker picks up a question: with the hint, and by arq's poll alone.

Run: python -m bench.pickup [questions]. Starts its own Valkey; prints medians and their ratio.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from arq.connections import ArqRedis
from arq.worker import Worker, func
from pydantic import SecretStr

from escalation_worker.jobs import Jobs
from escalation_worker.queue import Queue
from hitl import embedded_redis
from shared.escalation import Ask
from shared.question import Question
from shared.redis_adapter.connection import open_client, open_queue, open_subscriber
from shared.redis_adapter.jobs import JobName, deserialize, serialize
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings


class Clocked:
    """Stands where the worker's jobs stand, and notes when each question arrives."""

    def __init__(self) -> None:
        self.arrived: dict[str, asyncio.Future[float]] = {}

    async def post(self, ctx: dict[str, Any], escalation_id: str) -> None:
        """Note the time."""
        del ctx
        future = self.arrived.setdefault(escalation_id, asyncio.get_running_loop().create_future())
        if not future.done():
            future.set_result(time.perf_counter())

    def functions(self) -> list[Any]:
        """List the one job that is measured."""
        return [func(self.post, name=JobName.POST, keep_result=0)]

    def cron_jobs(self, _prefix: str) -> list[Any]:
        """Sweep nothing."""
        return []


async def measure(store: RedisEscalationStore, clocked: Clocked, questions: int) -> list[float]:
    """Ask one question at a time of an idle worker; return the waits in milliseconds."""
    waits: list[float] = []
    for number in range(questions):
        await asyncio.sleep(random.uniform(0.02, 0.5))  # noqa: S311 (so that no poll's rhythm is met)
        started = time.perf_counter()
        accepted = await store.accept(
            Ask(
                agent="bench",
                question=Question(text=f"question {number}"),
                timeout=timedelta(minutes=10),
                retention=timedelta(minutes=10),
            )
        )
        future = clocked.arrived.setdefault(
            accepted.escalation.id, asyncio.get_running_loop().create_future()
        )
        waits.append((await future - started) * 1000)
    return waits


async def main(questions: int) -> None:
    """Measure both ways on one server and print them."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded_redis.start(Path(folder))
        try:
            hinted = await _run(server.url, "hinted", questions, hinted=True)
            polled = await _run(server.url, "polled", questions, hinted=False)
        finally:
            server.stop()
    for name, waits in (("hint", hinted), ("poll", polled)):
        p99 = sorted(waits)[max(0, round(len(waits) * 0.99) - 1)]
        print(f"{name}: median {statistics.median(waits):.1f} ms, p99 {p99:.1f} ms")
    ratio = statistics.median(polled) / statistics.median(hinted)
    print(f"ratio of medians: {ratio:.0f}, over {questions} questions each")


async def _run(url: str, prefix: str, questions: int, *, hinted: bool) -> list[float]:
    settings = StoreSettings(redis_url=SecretStr(url), redis_key_prefix=prefix)
    keys, clocked = Keys(prefix), Clocked()
    async with (
        open_client(settings) as redis,
        open_subscriber(settings) as subscriber,
        open_queue(settings, keys) as arq,
    ):
        if hinted:
            jobs = cast("Jobs", clocked)
            queue = Queue(arq, subscriber, keys, jobs, max_jobs=10, stop_seconds=1)
            working = asyncio.create_task(queue.run())
        else:
            working = asyncio.create_task(_arq_as_it_comes(arq, keys, clocked).async_run())
        waits = await measure(RedisEscalationStore(redis, keys), clocked, questions)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return waits


def _arq_as_it_comes(arq: ArqRedis, keys: Keys, clocked: Clocked) -> Worker:
    return Worker(
        clocked.functions(),
        redis_pool=arq,
        queue_name=keys.queue,
        handle_signals=False,
        job_serializer=serialize,
        job_deserializer=deserialize,
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
