"""What one agent's floods cost another agent's question, from asked to posted.

Run: PYTHONPATH=.:tests python -m bench.fairness [questions of a flood] [--strict]. Starts two
gateways, two workers, Valkey and the Discord double. With --strict, that takes five messages in
five seconds in a channel, as bots observe. Prints medians without a flood and beside each of three:
of ten times as many replies, of questions that are taken back at once, and of questions. Their
ratios are of one run. With --strict the rest of one flood is under way beside the next: to wait for
it would take as long as Discord takes to open so many threads.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final

from discord_double import DiscordDouble
from discord_double.ratelimit import RateLimits
from e2e.conftest import Fleet
from redis.asyncio import Redis
from support import processes
from support.flood import Agent, Posted, agent

from hitl import embedded_redis
from shared.escalation import REMARKS_LIMIT
from shared.redis_adapter.keys import Keys

KEYS: Final = {"flood": "flood-key-0123456789", "calm": "calm-key-0123456789"}
QUESTIONS: Final = 8
"""Of the calm agent without a flood, and the fewest beside one."""
TOPICS, STRICT_TOPICS = 60, 20
"""Questions under which the flooding agent replies."""


async def main(flood: int, *, strict: bool) -> None:
    """Measure both in one run, and print them."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = embedded_redis.start(Path(folder) / "redis")
        stack.callback(server.stop)
        async with DiscordDouble() as double:
            if strict:
                double.settings.rate_limits = RateLimits.strict()
            fleet = Fleet(Path(folder), server.url, Keys("fairness"), double)
            try:
                await _measure(fleet, flood, strict=strict)
            finally:
                for each in (*fleet.workers, *fleet.gateways):
                    await asyncio.to_thread(each.kill)  # they would finish what waits in line first


async def _measure(fleet: Fleet, flood: int, *, strict: bool) -> None:
    topics = STRICT_TOPICS if strict else TOPICS
    keys = {"GATEWAY_API_KEYS": ",".join(f"{name}:{key}" for name, key in KEYS.items())}
    for _ in range(2):
        await fleet.add_gateway(keys)
        await fleet.add_worker()
    urls = [processes.gateway_url(each) for each in fleet.gateways]
    posted = Posted(fleet.double)
    async with AsyncExitStack() as stack:
        calm = await stack.enter_async_context(agent(urls, KEYS["calm"]))
        flooding = await stack.enter_async_context(agent(urls, KEYS["flood"]))
        alone = [await _wait(calm, posted, f"Alone {number}?") for number in range(QUESTIONS)]
        print(f"alone: {_figures(alone)}")
        for number in range(topics):
            await flooding.ask(f"To talk about {number}?")
        for each in flooding.asked:
            await posted.until(each)
        replies = min(10 * flood, topics * REMARKS_LIMIT)
        for name, running in (
            (f"{replies} replies", flooding.reply(replies)),
            (f"{flood} questions taken back", flooding.take_back(flood)),
            (f"{flood} questions", flooding.flood(flood)),
        ):
            beside: list[float] = []
            async with asyncio.TaskGroup() as group:
                under_way = group.create_task(running)
                await asyncio.sleep(1)
                while not under_way.done() or len(beside) < QUESTIONS:
                    question = f"Beside {name} {len(beside)}?"
                    beside.append(await _wait(calm, posted, question))
            ratio = statistics.median(beside) / statistics.median(alone)
            print(
                f"beside {name}: {_figures(beside)}; {ratio:.1f} times; the flood was told "
                f"{flooding.refusals} times to come back"
            )
            flooding.refusals = 0
            if not strict:
                begun = time.monotonic()
                await _until_quiet(fleet)
                print(f"    all of it was shown {time.monotonic() - begun:.0f} s after its end")


async def _until_quiet(fleet: Fleet) -> None:
    """Wait until people were shown all that there is, so that each flood stands for itself."""
    async with Redis.from_url(fleet.redis_url) as redis:
        while await redis.zcard(fleet.keys.unposted) or await redis.zcard(fleet.keys.unshown):
            await asyncio.sleep(0.2)


def _figures(waits: Sequence[float]) -> str:
    return (
        f"median {statistics.median(waits):.0f} ms, longest {max(waits):.0f} ms "
        f"of {len(waits)} questions"
    )


async def _wait(calm: Agent, posted: Posted, question: str) -> float:
    """Ask one question; tell how long it took to be posted, in milliseconds. Rest a little."""
    asked = await calm.ask(question)
    wait = await posted.until(asked) - asked.begun
    await asyncio.sleep(0.5)
    return wait.total_seconds() * 1000


if __name__ == "__main__":
    count = next((int(each) for each in sys.argv[1:] if each.isdigit()), 300)
    asyncio.run(main(count, strict="--strict" in sys.argv[1:]))
