from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from support.make import an_ask, an_outcome

from hitl import embedded_redis
from shared.escalation import OPEN_STATES, Escalation
from shared.ports.clock import utc_now
from shared.redis_adapter import waiting
from shared.redis_adapter.connection import open_client, open_subscriber
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.redis_adapter.waiting import RedisReplyWaiter, listen
from shared.settings import StoreSettings

NO_TEXT = b"\xff\xfe"


class Log:
    """A fake of the module's log that can be waited for."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def warning(self, event: str, **values: Any) -> None:
        self.lines.put_nowait((event, values))

    def debug(self, event: str, **values: Any) -> None:
        """Pass over what is of no interest here."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    fake = Log()
    monkeypatch.setattr(waiting, "log", fake)
    return fake


@pytest.fixture
async def redis(store_settings: StoreSettings) -> AsyncGenerator[Redis]:
    async with open_client(store_settings) as client:
        yield client


@pytest.fixture
def store(redis: Redis, keys: Keys) -> RedisEscalationStore:
    return RedisEscalationStore(redis, keys)


@pytest.fixture
async def waiter(
    store_settings: StoreSettings, redis: Redis, keys: Keys
) -> AsyncGenerator[RedisReplyWaiter]:
    """Run a waiter; the test fails if it ends before the test does."""
    async with open_subscriber(store_settings) as subscriber:
        waiter = RedisReplyWaiter(redis, subscriber, keys)
        running = asyncio.create_task(waiter.run())
        yield waiter
        ended = running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not ended


@pytest.fixture
def server(tmp_path: Path) -> Generator[embedded_redis.EmbeddedRedis]:
    """Start a server of the test's own, which may stop it."""
    server = embedded_redis.start(tmp_path, server=embedded_redis.find_wheel_server())
    yield server
    server.kill()


def send_signal(server: embedded_redis.EmbeddedRedis, told: signal.Signals) -> None:
    assert server.process is not None
    os.kill(server.process.pid, told)


async def open_question(store: RedisEscalationStore, text: str) -> Escalation:
    return (await store.accept(an_ask(text))).escalation


async def write_reply(redis: Redis, keys: Keys, escalation: Escalation, reply: str | bytes) -> None:
    """Put something into a reply key, and say so."""
    await redis.set(keys.reply(escalation.id), reply, ex=60)
    await redis.publish(keys.changed, escalation.id)


async def test_a_reply_with_a_field_of_a_newer_version_is_an_answer(
    redis: Redis, keys: Keys, store: RedisEscalationStore, waiter: RedisReplyWaiter
) -> None:
    asked = await open_question(store, "Newer?")
    outcome = an_outcome(asked, at=utc_now())
    newer = outcome.model_dump_json().removesuffix("}") + ', "mood": "good"}'
    await write_reply(redis, keys, asked, newer)
    async with asyncio.timeout(5):
        assert await waiter.wait(asked.id, seconds=4) == outcome


async def test_who_reads_changes_hears_of_them_by_the_same_subscription(
    redis: Redis, keys: Keys, store: RedisEscalationStore, waiter: RedisReplyWaiter
) -> None:
    async with asyncio.timeout(5), waiter.subscribe() as one, waiter.subscribe() as other:
        while await redis.pubsub_numsub(keys.changed) != [(keys.changed, 1)]:
            await asyncio.sleep(0.01)
        asked = await open_question(store, "Changed?")
        for hints in (one, other):
            while (hint := await anext(hints)) != asked.id:
                assert hint == ""  # "anything may have happened", when it subscribed


@pytest.mark.parametrize("garbage", ["{", '{"state": "lost"}', NO_TEXT], ids=repr)
async def test_a_reply_that_cannot_be_read_disturbs_no_other_wait(
    redis: Redis,
    keys: Keys,
    store: RedisEscalationStore,
    waiter: RedisReplyWaiter,
    log: Log,
    garbage: str | bytes,
) -> None:
    odd = await open_question(store, "Odd?")
    others = [await open_question(store, f"Good? {number}") for number in range(4)]
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        waits_for_odd = group.create_task(waiter.wait(odd.id, seconds=9))
        waits = [group.create_task(waiter.wait(each.id, seconds=9)) for each in others]
        await write_reply(redis, keys, odd, garbage)
        assert await log.lines.get() == ("reply_unreadable", {"escalation_id": odd.id})
        for each in others:
            await store.conclude(each.id, an_outcome(each, at=utc_now()))
        assert all([(await wait) is not None for wait in waits])
        assert not waits_for_odd.done()
        # Its own wait goes on as well: the key may be mended.
        await write_reply(redis, keys, odd, an_outcome(odd, at=utc_now()).model_dump_json())
        assert await waits_for_odd is not None
    assert log.lines.empty()


async def test_a_hint_that_is_no_text_counts_as_a_hint_about_everything(
    redis: Redis, keys: Keys, store_settings: StoreSettings, log: Log
) -> None:
    hints: asyncio.Queue[str] = asyncio.Queue()
    async with (
        asyncio.timeout(5),
        open_subscriber(store_settings) as subscriber,
        listening(subscriber, keys.changed, hints, interval=2),
    ):
        assert await hints.get() == ""
        await redis.publish(keys.changed, NO_TEXT)
        assert await hints.get() == ""
        await redis.publish(keys.changed, "an-id")
        assert await hints.get() == "an-id"


@pytest.mark.parametrize("field", ["question", "state", "deadline_ms"])
@pytest.mark.parametrize("value", ["{", NO_TEXT, None], ids=repr)
async def test_a_record_that_cannot_be_read_is_left_out_of_lists(
    redis: Redis, keys: Keys, store: RedisEscalationStore, field: str, value: str | bytes | None
) -> None:
    first, odd, last = [await open_question(store, text) for text in ("first", "odd", "last")]
    if value is not None:
        await redis.hset(keys.record(odd.id), field, value)  # pyright: ignore[reportGeneralTypeIssues, reportArgumentType]
    else:
        await redis.hdel(keys.record(odd.id), field)  # pyright: ignore[reportGeneralTypeIssues]
    assert {each.id for each in await store.list_open()} == {first.id, last.id}
    listed = await store.list_for_tenant("shop", states=OPEN_STATES)
    assert {each.id for each in listed} == {first.id, last.id}


async def test_a_server_that_keeps_the_connection_and_says_nothing_is_noticed(
    server: embedded_redis.EmbeddedRedis, keys: Keys, log: Log
) -> None:
    hints: asyncio.Queue[str] = asyncio.Queue()
    settings = StoreSettings(redis_url=SecretStr(server.url))
    async with (
        asyncio.timeout(10),
        open_subscriber(settings) as subscriber,
        listening(subscriber, keys.changed, hints, interval=0.1),
    ):
        assert await hints.get() == ""
        send_signal(server, signal.SIGSTOP)
        event, _ = await log.lines.get()
        assert event == "subscription_lost"
        send_signal(server, signal.SIGCONT)
        assert await hints.get() == ""


async def test_a_server_that_does_not_let_anybody_in_is_noticed(
    server: embedded_redis.EmbeddedRedis, keys: Keys, log: Log
) -> None:
    hints: asyncio.Queue[str] = asyncio.Queue()
    settings = StoreSettings(redis_url=SecretStr(server.url))
    send_signal(server, signal.SIGSTOP)
    async with (
        asyncio.timeout(10),
        open_subscriber(settings) as subscriber,
        listening(subscriber, keys.changed, hints, interval=0.1),
    ):
        event, _ = await log.lines.get()
        assert event == "subscription_lost"
        send_signal(server, signal.SIGCONT)
        assert await hints.get() == ""


async def test_a_quiet_server_that_answers_pings_is_not_taken_for_a_dead_one(
    store_settings: StoreSettings, redis: Redis, keys: Keys, log: Log
) -> None:
    hints: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(5), open_subscriber(store_settings) as subscriber:
        pongs = asyncio.Semaphore(0)
        async with listening(counting_pings(subscriber, pongs), keys.changed, hints, interval=0.01):
            for _ in range(5):
                await pongs.acquire()
            await redis.publish(keys.changed, "an-id")
            assert [await hints.get(), await hints.get()] == ["", "an-id"]
    assert log.lines.empty()


def counting_pings(subscriber: Redis, pings: asyncio.Semaphore) -> Redis:
    """Tell when a subscription pings."""
    make = cast("Callable[..., Any]", subscriber.pubsub)

    def pubsub(**options: Any) -> Any:
        made = make(**options)
        ping = made.ping

        async def counted() -> None:
            await ping()
            pings.release()

        made.ping = counted
        return made

    subscriber.pubsub = pubsub
    return subscriber


@asynccontextmanager
async def listening(
    subscriber: Redis, channel: str, hints: asyncio.Queue[str], *, interval: float
) -> AsyncGenerator[None]:
    """Listen while the test goes on."""
    task = asyncio.create_task(listen(subscriber, channel, hints.put_nowait, interval=interval))
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
