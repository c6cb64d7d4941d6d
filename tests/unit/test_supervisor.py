from __future__ import annotations

import asyncio
from itertools import pairwise

from escalation_worker.supervisor import Backoff, NeedsMendingError, supervise
from shared.errors import ChannelUnavailableError


async def test_a_part_that_fails_in_whatever_way_is_started_again() -> None:
    starts = 0
    lives = asyncio.Event()

    async def part() -> None:
        nonlocal starts
        starts += 1
        match starts:
            case 1:
                raise NeedsMendingError("mend me")
            case 2:
                raise ChannelUnavailableError("away")
            case 3:
                raise RuntimeError("a defect")
            case 4:
                return
            case _:
                lives.set()
                await asyncio.Event().wait()

    async with asyncio.timeout(5):
        supervising = asyncio.create_task(supervise("part", part, backoff=Backoff(first=0.001)))
        await lives.wait()
        supervising.cancel()
        await asyncio.gather(supervising, return_exceptions=True)
    assert starts == 5
    assert supervising.cancelled()


def test_pauses_grow_and_have_an_end() -> None:
    backoff = Backoff(first=1, most=30)
    longest = [backoff.first * 2**failures for failures in range(5)]
    assert all(backoff.pause(n) <= limit for n, limit in enumerate(longest))
    assert all(backoff.pause(n) <= 30 for n in (10, 100, 10_000))
    assert all(earlier < later for earlier, later in pairwise(longest))
