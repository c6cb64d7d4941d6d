from __future__ import annotations

import asyncio

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
    for failures, longest in enumerate((1, 2, 4, 8, 16, 30, 30)):
        assert longest / 2 <= backoff.pause(failures) <= longest
    assert all(15 <= backoff.pause(n) <= 30 for n in (10, 100, 10_000))
