"""How long it takes to find what was answered before, beside accepting a question.

Run: python -m bench.precedents [searches]. Starts its own Valkey, lets a route remember as much as
it may, and prints what the server took for each: it does nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from redis.asyncio import Redis

from hitl import embedded_redis
from shared.escalation import Ask, ChannelKind, Escalation, Outcome, Provenance, State
from shared.ports.clock import utc_now
from shared.ports.precedents import REMEMBERED_LIMIT
from shared.question import QUESTION_LIMIT, Question
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.precedents import RedisPrecedents
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

CONSONANTS, VOWELS = "bcdfghklmnprstvwz", "aeiou"
ROUTE = "default"
Words = Callable[[random.Random], str]


def ordinary(dice: random.Random) -> str:
    """Write 8 to 25 words, some of which are in most questions and most of which are rare."""
    words = (
        vocabulary[min(int(dice.paretovariate(0.6)) - 1, len(vocabulary) - 1)] for _ in range(99)
    )
    return " ".join([next(words) for _ in range(dice.randint(8, 25))]) + "?"


def longest(dice: random.Random) -> str:
    """Write the longest question there may be, of which all but a word is always the same."""
    return f"{dice.choice(vocabulary)} {' '.join(vocabulary)}"[:QUESTION_LIMIT].strip()


def _vocabulary(dice: random.Random) -> list[str]:
    def syllable() -> str:
        return f"{dice.choice(CONSONANTS)}{dice.choice(VOWELS)}{dice.choice(['', *CONSONANTS])}"

    return ["".join(syllable() for _ in range(dice.randint(1, 4))) for _ in range(3_000)]


vocabulary = _vocabulary(random.Random(1))  # noqa: S311 (words, not secrets)


async def main(searches: int) -> None:
    """Measure with ordinary questions, and with the worst."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded_redis.start(Path(folder))
        try:
            for words in (ordinary, longest):
                await _run(server.url, words, searches)
        finally:
            server.stop()


async def _run(url: str, words: Words, searches: int) -> None:
    name = words.__name__
    settings = StoreSettings(redis_url=SecretStr(url), redis_key_prefix=name)
    dice, keys = random.Random(2), Keys(name)  # noqa: S311 (likewise)
    async with open_client(settings) as redis:
        store, precedents = RedisEscalationStore(redis, keys), RedisPrecedents(redis, keys)
        for number in range(REMEMBERED_LIMIT):
            answered = await _answered(store, f"{words(dice)[: QUESTION_LIMIT - 6]} {number}")
            await precedents.remember(ROUTE, answered)
        asked = [_ask(f"{words(dice)[: QUESTION_LIMIT - 8]} again{n}") for n in range(searches)]
        accepting, accepted = await _measure(
            redis, [lambda ask=ask: store.accept(ask) for ask in asked]
        )
        questions = [each.escalation for each in accepted]
        finding, found = await _measure(
            redis, [lambda q=q: precedents.find(ROUTE, q, most=10) for q in questions]
        )
        more = [await _answered(store, f"{words(dice)[:-6]} {n}") for n in range(searches)]
        remembering, _ = await _measure(
            redis, [lambda q=q: precedents.remember(ROUTE, q) for q in more]
        )
        used = await cast("Any", redis).execute_command(
            "MEMORY", "USAGE", keys.precedent_terms(ROUTE)
        )
    hits = sum(bool(each) for each in found)
    print(
        f"{name}: {REMEMBERED_LIMIT} remembered; on the server a search takes {finding:.2f} ms "
        f"({finding / accepting:.1f} times an acceptance, {accepting:.2f} ms), remembering "
        f"{remembering:.2f} ms; {hits} of {searches} found something; terms: {used // 1024} kB"
    )


async def _measure(redis: Redis, calls: list[Callable[[], Any]]) -> tuple[float, list[Any]]:
    """Make these calls one after the other; tell how many ms each kept the server, in the mean.

    By the server's processor time, which other work on this machine does not lengthen.
    """
    before = await _busy(redis)
    results = [await call() for call in calls]
    return (await _busy(redis) - before) * 1000 / len(calls), results


async def _busy(redis: Redis) -> float:
    """Read for how many seconds the server has worked since its start."""
    found = cast("dict[str, float]", await redis.info("cpu"))
    return found["used_cpu_user"] + found["used_cpu_sys"]


def _ask(text: str) -> Ask:
    return Ask(
        agent="bench",
        question=Question(text=text),
        timeout=timedelta(minutes=10),
        retention=timedelta(minutes=10),
    )


async def _answered(store: RedisEscalationStore, text: str) -> Escalation:
    escalation = (await store.accept(_ask(text))).escalation
    outcome = Outcome(
        state=State.ANSWERED,
        at=utc_now(),
        seconds=1,
        provenance=Provenance.PERSON,
        text="Yes.",
        channel=ChannelKind.DESK,
    )
    concluded = await store.conclude(escalation.id, outcome)
    assert concluded is not None
    return concluded.escalation


if __name__ == "__main__":
    started = time.monotonic()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
    print(f"in {time.monotonic() - started:.0f} s")
