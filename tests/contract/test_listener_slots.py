"""Who may listen, in memory, on fakeredis and on the real server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from contract.conftest import Backend
from shared.ports.hold import Hold


async def test_one_worker_holds_the_slot_until_it_gives_it_back(backend: Backend) -> None:
    first, second = backend.workers(2)
    assert await first.hold() == Hold(0, 1)
    assert await second.hold() is None
    assert await first.hold() == Hold(0, 1), "keeping it is not taking it anew"
    await second.release()
    assert await second.hold() is None, "what one does not hold one can't give back"
    await first.release()
    assert await second.hold() == Hold(0, 2)
    assert await first.hold() is None


async def test_a_slot_that_is_not_kept_goes_to_the_next_with_a_larger_number(
    backend: Backend,
) -> None:
    first, second = backend.workers(2, length=timedelta(milliseconds=40))
    assert await first.hold() == Hold(0, 1)
    async with asyncio.timeout(5):
        while (hold := await second.hold()) is None:
            await asyncio.sleep(0.01)
    assert hold == Hold(0, 2)


async def test_who_takes_its_own_slot_again_after_it_ran_out_has_a_larger_number_too(
    backend: Backend,
) -> None:
    (worker,) = backend.workers(1, length=timedelta(milliseconds=20))
    assert await worker.hold() == Hold(0, 1)
    await asyncio.sleep(0.05)
    assert await worker.hold() == Hold(0, 2), "somebody may have listened in between"


async def test_as_many_hold_a_slot_as_there_are_slots(backend: Backend) -> None:
    workers = backend.workers(4, slots=2)
    held = await asyncio.gather(*(worker.hold() for worker in workers))
    assert sorted(hold.slot for hold in held if hold is not None) == [0, 1]


async def test_each_bot_has_slots_and_numbers_of_its_own(backend: Backend) -> None:
    (first,), (other, standby) = backend.workers(1), backend.workers(2, bot="BILLING_TOKEN")
    assert await first.hold() == Hold(0, 1)
    assert await other.hold() == Hold(0, 1, "BILLING_TOKEN")
    assert await standby.hold() is None
    await other.release()
    assert await standby.hold() == Hold(0, 2, "BILLING_TOKEN")
    assert await first.hold() == Hold(0, 1), "of that it knows nothing"
