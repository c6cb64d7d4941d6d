"""Waking whoever waits: one subscription for each process, however many questions wait in it.

A message on a channel is a hint. The truth is the reply key, which is read after subscribing,
after every hint, after every reconnection, and every two seconds in case a hint was lost.
A value that can't be read costs its own waiters their answer and nobody else anything.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.errors import StoreUnavailableError
from shared.escalation import Outcome, Remark
from shared.fan_out import FanOut
from shared.ports.waiting import Reply
from shared.redis_adapter.connection import CALL_SECONDS, translated_errors, unavailable
from shared.telemetry import get_logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

log = get_logger(__name__)

SAFETY_NET_SECONDS: Final = 2.0
RECONNECT_SECONDS: Final = (0.05, 1.0)
READ_AT_ONCE: Final = 500
"""Reply keys read with one MGET."""


async def listen(
    redis: Redis,
    channel: str,
    on_hint: Callable[[str], None],
    *,
    interval: float = SAFETY_NET_SECONDS,
) -> None:
    """Pass on messages for ever; the empty string stands for "anything may have happened".

    Reconnects by itself: also from a server that keeps the connection and says nothing, not even
    to a ping, for two intervals (seconds). Never returns: cancel it.
    """
    pause = RECONNECT_SECONDS[0]
    while True:
        # The PubSub is closed after every break: an abandoned one keeps its connection, and a
        # capped pool would run dry after a few restarts of the server.
        pubsub: Any = redis.pubsub(ignore_subscribe_messages=False)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await pubsub.subscribe(channel)
            owes_a_word = True  # that it subscribed us; later, its pong
            while True:
                message = await pubsub.get_message(timeout=interval)
                if message is None:
                    if owes_a_word:
                        raise RedisTimeoutError("no answer to a ping")
                    await pubsub.ping()
                    owes_a_word = True
                    continue
                owes_a_word = False
                if message["type"] == "subscribe":
                    pause = RECONNECT_SECONDS[0]
                    on_hint("")
                elif message["type"] == "message":
                    on_hint(message["data"])
        except (RedisError, OSError, UnicodeDecodeError) as error:
            # A message that is no text could have been about anything: so says the new
            # subscription.
            unreadable = isinstance(error, UnicodeDecodeError)
            reason = "a message that is no text" if unreadable else str(unavailable(error))
            log.warning("subscription_lost", channel=channel, reason=reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, RECONNECT_SECONDS[1])
        finally:
            await _close_quietly(pubsub)


async def _close_quietly(pubsub: Any) -> None:
    try:
        await pubsub.aclose()
    except (RedisError, OSError):
        log.debug("subscription_close_failed")


class RedisReplyWaiter:
    """`ReplyWaiter` on Redis, and `Changes` from its one subscription.

    Run `run()` beside it for as long as anybody waits.
    """

    def __init__(self, redis: Redis, subscriber: Redis, keys: Keys) -> None:
        self._redis = redis
        self._subscriber = subscriber
        self._keys = keys
        self._waiting: defaultdict[str, set[asyncio.Future[Reply]]] = defaultdict(set)
        self._to_read: set[str] = set()
        self._unreadable: set[str] = set()
        self._something = asyncio.Event()
        self._readers = FanOut()

    @property
    def waiting(self) -> int:
        """How many waits are under way."""
        return sum(len(futures) for futures in self._waiting.values())

    async def wait(self, escalation_id: str, *, seconds: float) -> Reply | None:
        """See `ReplyWaiter.wait`."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[escalation_id].add(future)
        self._read_soon(escalation_id)
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting[escalation_id].discard(future)
            if not self._waiting[escalation_id]:
                del self._waiting[escalation_id]
                self._unreadable.discard(escalation_id)

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """See `Changes.subscribe`."""
        return self._readers.subscribe()

    async def run(self) -> None:
        """Listen and read for ever. Cancel it to stop."""
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(self._subscriber, self._keys.changed, self._hinted))
            group.create_task(self._read_when_asked())
            group.create_task(self._read_now_and_then())

    def _hinted(self, escalation_id: str) -> None:
        self._readers.tell(escalation_id)
        if escalation_id == "":
            self._read_soon(*self._waiting)
        elif escalation_id in self._waiting:
            self._read_soon(escalation_id)

    def _read_soon(self, *escalation_ids: str) -> None:
        self._to_read.update(escalation_ids)
        if self._to_read:
            self._something.set()

    async def _read_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(SAFETY_NET_SECONDS)
            self._read_soon(*self._waiting)

    async def _read_when_asked(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            ids = [
                escalation_id for escalation_id in self._to_read if escalation_id in self._waiting
            ]
            self._to_read.clear()
            for start in range(0, len(ids), READ_AT_ONCE):
                await self._read(ids[start : start + READ_AT_ONCE])

    async def _read(self, ids: list[str]) -> None:
        # Only for who waits already: what an operator asked back may be replied to meanwhile, and
        # would be old news to whoever comes later.
        waiting = {each: tuple(self._waiting.get(each, ())) for each in ids}
        try:
            async with translated_errors():
                replies = await self._redis.mget(
                    [key for each in ids for key in self._may_hold_a_reply(each)]
                )
        except StoreUnavailableError as error:
            # The waits go on: the safety net and the next subscription read again.
            log.warning("replies_unread", waiting=len(ids), reason=str(error))
            return
        except UnicodeDecodeError:
            if len(ids) == 1:
                self._note_unreadable(ids[0])
                return
            # One reply that is no text hides all that are read with it.
            middle = len(ids) // 2
            await self._read(ids[:middle])
            await self._read(ids[middle:])
            return
        outcomes, remarks = replies[::2], replies[1::2]
        for escalation_id, outcome, remark in zip(ids, outcomes, remarks, strict=True):
            try:
                reply = _reply(outcome, remark)
            except ValidationError:
                self._note_unreadable(escalation_id)
                continue
            if reply is None:
                continue
            for future in waiting[escalation_id]:
                if not future.done():
                    future.set_result(reply)

    def _may_hold_a_reply(self, escalation_id: str) -> tuple[str, str]:
        return self._keys.reply(escalation_id), self._keys.asked_back(escalation_id)

    def _note_unreadable(self, escalation_id: str) -> None:
        """Log it once for as long as somebody waits for it: it is read again and again."""
        if escalation_id in self._waiting and escalation_id not in self._unreadable:
            self._unreadable.add(escalation_id)
            log.warning("reply_unreadable", escalation_id=escalation_id)


def _reply(outcome: str | None, remark: str | None) -> Reply | None:
    """Read what ends a wait. An outcome counts more than what was asked back before it."""
    if outcome is not None:
        return Outcome.model_validate_json(outcome)
    return None if remark is None else Remark.model_validate_json(remark)


class RedisChanges:
    """`Changes` on Redis: a fan-out of one subscription to any number of readers."""

    def __init__(self, subscriber: Redis, keys: Keys) -> None:
        self._subscriber = subscriber
        self._keys = keys
        self._readers = FanOut()

    async def run(self) -> None:
        """Listen for ever. Cancel it to stop."""
        await listen(self._subscriber, self._keys.changed, self._readers.tell)

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """See `Changes.subscribe`."""
        return self._readers.subscribe()
