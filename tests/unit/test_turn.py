from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from escalation_worker.discord_channel.session import turn
from escalation_worker.discord_channel.session.turn import Turn
from shared.errors import StoreUnavailableError
from shared.ports.hold import Hold

LENGTH = timedelta(milliseconds=200)


class FakeSlots:
    """A fake of `ListenerSlots` that says what the test wants."""

    def __init__(self) -> None:
        self.holder: Hold | None = Hold(0, 1)
        self.away = False
        self.released = 0

    async def hold(self) -> Hold | None:
        if self.away:
            raise StoreUnavailableError("away")
        return self.holder

    async def release(self) -> None:
        self.released += 1


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> FakeSlots:
    monkeypatch.setattr(turn, "KEEP_SECONDS", 0.02)
    monkeypatch.setattr(turn, "TURN_SECONDS", 0.01)
    return FakeSlots()


async def test_a_turn_is_kept_for_longer_than_a_slot_is_long(slots: FakeSlots) -> None:
    mine = Turn(slots, length=LENGTH)
    assert await mine.take() == Hold(0, 1)
    keeping = asyncio.create_task(mine.keep())
    await asyncio.sleep(2 * LENGTH.total_seconds())
    assert mine.hold() == Hold(0, 1)
    keeping.cancel()


async def test_it_ends_when_another_worker_holds_the_slot(slots: FakeSlots) -> None:
    mine = Turn(slots, length=timedelta(hours=1))
    await mine.take()
    slots.holder = None
    async with asyncio.timeout(5):
        await mine.keep()
    assert mine.hold() is None


async def test_it_ends_when_the_slot_was_taken_anew_even_by_this_worker(slots: FakeSlots) -> None:
    mine = Turn(slots, length=timedelta(hours=1))
    await mine.take()
    slots.holder = Hold(0, 2)
    async with asyncio.timeout(5):
        await mine.keep()
    assert mine.hold() is None


async def test_while_redis_is_away_it_goes_on_until_the_slot_has_run_out(slots: FakeSlots) -> None:
    mine = Turn(slots, length=LENGTH)
    await mine.take()
    slots.away = True
    keeping = asyncio.create_task(mine.keep())
    await asyncio.sleep(LENGTH.total_seconds() / 4)
    assert mine.hold() == Hold(0, 1)
    async with asyncio.timeout(5):
        await keeping
    assert mine.hold() is None
    slots.away = False
    assert await mine.take() == Hold(0, 1)


async def test_a_worker_that_stood_still_for_longer_has_no_turn_when_it_goes_on(
    slots: FakeSlots,
) -> None:
    mine = Turn(slots, length=timedelta(milliseconds=20))
    await mine.take()
    await asyncio.sleep(0.05)
    assert mine.hold() is None
    async with asyncio.timeout(5):
        await mine.keep()
    assert mine.hold() is None, "it does not come back to life, although the slot is still its own"


async def test_a_worker_that_is_about_to_stop_gives_it_back_and_keeps_its_connection(
    slots: FakeSlots,
) -> None:
    mine = Turn(slots, length=LENGTH)
    await mine.take()
    keeping = asyncio.create_task(mine.keep())
    await mine.end()
    assert mine.hold() is None
    assert slots.released == 1
    done, _ = await asyncio.wait({keeping}, timeout=2 * LENGTH.total_seconds())
    assert not done, "what is being posted still needs the connection"
    assert await mine.take_if_free() is None
    keeping.cancel()
