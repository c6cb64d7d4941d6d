"""What one agent's flood costs another agent's question, from asked to posted.

Run: PYTHONPATH=.:tests python -m bench.fairness [questions of the flood] [--strict]. Starts two
gateways, two workers, Valkey and the Discord double. With --strict, that takes five messages in
five seconds in a channel, as bots observe. Prints medians with and without the flood, and their
ratio, of one run.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final

from discord_double import DiscordDouble
from discord_double.ratelimit import RateLimits
from e2e.conftest import Fleet
from support import processes
from support.flood import Agent, Posted, agent

from hitl import embedded_redis
from shared.redis_adapter.keys import Keys

KEYS: Final = {"flood": "flood-key-0123456789", "calm": "calm-key-0123456789"}
QUESTIONS: Final = 8
"""Of the calm agent, with and without the flood."""


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
                await _measure(fleet, flood)
            finally:
                for each in (*fleet.workers, *fleet.gateways):
                    await asyncio.to_thread(each.kill)  # they would finish what waits in line first


async def _measure(fleet: Fleet, flood: int) -> None:
    keys = {"GATEWAY_API_KEYS": ",".join(f"{name}:{key}" for name, key in KEYS.items())}
    for _ in range(2):
        await fleet.add_gateway(keys)
        await fleet.add_worker()
    urls = [processes.gateway_url(each) for each in fleet.gateways]
    posted = Posted(fleet.double)
    async with AsyncExitStack() as stack:
        calm = await stack.enter_async_context(agent(urls, KEYS["calm"]))
        flooding = await stack.enter_async_context(agent(urls, KEYS["flood"]))
        alone = await _waits(calm, posted, "alone", pause=1.5)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(flooding.flood(flood))
            while len(posted.all()) < QUESTIONS + 5:
                await asyncio.sleep(0.02)
            beside = await _waits(calm, posted, "beside", pause=0.3)
            still = not running.done()
        behind = len(flooding.asked) + 2 * QUESTIONS - len(posted.all())
    for name, waits in (("alone", alone), ("beside a flood", beside)):
        print(f"{name}: median {statistics.median(waits):.0f} ms, longest {max(waits):.0f} ms")
    ratio = statistics.median(beside) / statistics.median(alone)
    print(
        f"ratio of medians: {ratio:.1f}, over {QUESTIONS} questions each; the flood of {flood} was "
        f"told {flooding.refusals} times to come back, {behind} of its questions were not posted "
        f"yet at the end, {'still' if still else 'no longer'} asking"
    )


async def _waits(calm: Agent, posted: Posted, name: str, *, pause: float) -> list[float]:
    """Ask one question after the other; tell how long each took to be posted, in milliseconds."""
    waits: list[float] = []
    for number in range(QUESTIONS):
        asked = await calm.ask(f"{name} {number}?")
        waits.append((await posted.until(asked) - asked.begun).total_seconds() * 1000)
        await asyncio.sleep(pause)
    return waits


if __name__ == "__main__":
    count = next((int(each) for each in sys.argv[1:] if each.isdigit()), 300)
    asyncio.run(main(count, strict="--strict" in sys.argv[1:]))
