"""`Precedents` on Redis: an inverted index for each route, of digests and ids alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import TypeAdapter

from shared.escalation import Escalation
from shared.likeness import ALIKE, PRIOR, READ_LIMIT, terms_of
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Concluded
from shared.ports.precedents import REMEMBERED_LIMIT
from shared.precedent import Precedent
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.records import concluded, to_ms
from shared.redis_adapter.scripts import Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

FORGET_AT_ONCE: Final = 10
"""Entries in one script, which keeps all others waiting; each has up to 128 terms."""
ROUNDS: Final = 30
"""Such scripts in one sweep."""
_SHOWN: Final = TypeAdapter(tuple[Precedent, ...])


class RedisPrecedents:
    """Keeps by their terms which questions were answered."""

    def __init__(
        self, redis: Redis, keys: Keys, *, clock: Clock = utc_now, most: int = REMEMBERED_LIMIT
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._most = most
        self._scripts = Scripts(redis)

    async def remember(self, route: str, escalation: Escalation) -> bool:
        """See `Precedents.remember`."""
        keys = self._keys
        remembered = await self._scripts.call(
            "remember",
            [
                keys.record(escalation.id),
                keys.precedents(route),
                keys.precedent_terms(route),
                keys.forgetting,
            ],
            [
                escalation.id,
                route,
                " ".join(terms_of(escalation.question.text)),
                keys.precedents_of(route, ""),
                to_ms(self._clock()),
                self._most,
                FORGET_AT_ONCE,
            ],
        )
        return remembered == 1

    async def find(self, route: str, escalation: Escalation, *, most: int) -> list[str]:
        """See `Precedents.find`."""
        keys = self._keys
        found = await self._scripts.call(
            "find_precedents",
            [
                keys.precedents(route),
                keys.precedent_terms(route),
                *(keys.precedents_of(route, term) for term in terms_of(escalation.question.text)),
            ],
            [escalation.id, most, ALIKE, READ_LIMIT, PRIOR],
        )
        return cast("list[str]", found)

    async def note_shown(
        self, escalation_id: str, precedents: tuple[Precedent, ...]
    ) -> Concluded | None:
        """See `Precedents.note_shown`."""
        applied, *record = await self._scripts.call(
            "note_precedents",
            [self._keys.record(escalation_id)],
            [_SHOWN.dump_json(precedents).decode()],
        )
        return concluded(applied, record)

    async def forget_expired(self) -> int:
        """See `Precedents.forget_expired`."""
        keys, now_ms = self._keys, to_ms(self._clock())
        async with translated_errors():
            due = await self._redis.zrange(
                keys.forgetting, cast("Any", "-inf"), now_ms, byscore=True, offset=0, num=ROUNDS
            )
        routes, forgotten = cast("list[str]", due), 0
        for _ in range(ROUNDS):
            if not routes:
                break
            count = await self._scripts.call(
                "forget_precedents",
                [keys.precedents(routes[0]), keys.precedent_terms(routes[0]), keys.forgetting],
                [
                    routes[0],
                    keys.precedents_of(routes[0], ""),
                    now_ms,
                    self._most,
                    FORGET_AT_ONCE,
                ],
            )
            forgotten += count
            if count < FORGET_AT_ONCE:
                del routes[0]
        return forgotten
