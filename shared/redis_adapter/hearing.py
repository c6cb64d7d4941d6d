"""What was heard of what people wrote, so that the next listener goes on where the last one ended.

What is written here on a listener's word carries its hold, and is refused once the slot has a newer
holder: an older one may have missed what the newer one is about to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from pydantic import ValidationError

from shared.escalation import Posting
from shared.ports.hold import Hold
from shared.redis_adapter.connection import translated_errors
from shared.redis_adapter.records import from_ms, to_ms
from shared.redis_adapter.scripts import Scripts
from shared.telemetry import get_logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_adapter.keys import Keys

log = get_logger(__name__)

HEARD_UNTIL_KEPT: Final = timedelta(days=30)
NOTICE_KEPT: Final = HEARD_UNTIL_KEPT
"""What was heard is read again after a break, however long that was: no notice is repeated then."""
READ_AT_ONCE: Final = 500
"""Records read with one pipeline."""


class RedisHearing:
    """Cursors, notices, and the moment until which everything was heard."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = Scripts(redis)

    async def note_heard(self, escalation_id: str, source: str, hold: Hold) -> None:
        """Remember the newest message heard under a question."""
        await self._scripts.call(
            "note_heard",
            [self._keys.record(escalation_id), *self._keys.fenced_by(hold)],
            [source, hold.fence],
        )

    async def cursors(self, bot: str, references: Sequence[str]) -> dict[str, str]:
        """For each of these threads in which the bot shows a question: the newest heard there.

        A thread where nothing was heard yet stands for itself: its id is its first message's.
        """
        found: dict[str, str] = {}
        for start in range(0, len(references), READ_AT_ONCE):
            found |= await self._cursors(bot, references[start : start + READ_AT_ONCE])
        return found

    async def _cursors(self, bot: str, references: Sequence[str]) -> dict[str, str]:
        async with translated_errors():
            ids = cast(
                "list[str | None]",
                await self._redis.mget([self._keys.posting(bot, each) for each in references]),
            )
            shown = [(each, id_) for each, id_ in zip(references, ids, strict=True) if id_]
            async with self._redis.pipeline(transaction=False) as pipe:
                for _, escalation_id in shown:
                    pipe.hget(self._keys.record(escalation_id), "heard")
                heard = cast("list[str | None]", await pipe.execute())
        return {
            reference: newest or reference
            for (reference, _), newest in zip(shown, heard, strict=True)
        }

    async def first_notice(self, source: str, hold: Hold) -> bool:
        """Whether this is the first time that somebody is told something about this message."""
        given = await self._scripts.call(
            "first_notice",
            [self._keys.told(source), *self._keys.fenced_by(hold)],
            [int(NOTICE_KEPT.total_seconds() * 1000), hold.fence],
        )
        return given == 1

    async def note_heard_until(self, moment: datetime, hold: Hold) -> bool:
        """Say that all that people wrote to this hold's bot before this moment was taken in.

        Returns False where the slot has a newer holder.
        """
        taken = await self._scripts.call(
            "note_heard_until",
            [self._keys.heard_until(hold.bot), *self._keys.fenced_by(hold)],
            [to_ms(moment), int(HEARD_UNTIL_KEPT.total_seconds() * 1000), hold.fence],
        )
        return taken == 1

    async def heard_until(self, bot: str) -> datetime | None:
        """Tell until when everything that people wrote to this bot was taken in."""
        async with translated_errors():
            moment = cast("str | None", await self._redis.get(self._keys.heard_until(bot)))
        return None if moment is None else from_ms(moment)

    async def open_postings(self) -> dict[str, Posting]:
        """Tell where each open question is shown, however many there are.

        A record that can't be read is left out.
        """
        shown = await self._indexed(self._keys.open)
        return {escalation_id: posting for escalation_id, posting in shown.items() if posting}

    async def unread(self) -> dict[str, Posting | None]:
        """Tell which questions are to be read from their beginning, and where they are shown.

        None where the record is gone, or can't be read.
        """
        return await self._indexed(self._keys.unread)

    async def note_read(self, escalation_id: str, hold: Hold) -> None:
        """Note that a question was read from its beginning."""
        await self._scripts.call(
            "note_read",
            [self._keys.unread, *self._keys.fenced_by(hold)],
            [escalation_id, hold.fence],
        )

    async def _indexed(self, index: str) -> dict[str, Posting | None]:
        """Tell where each question of an index is shown."""
        async with translated_errors():
            all_ids = cast("list[str]", await self._redis.zrange(index, 0, -1))
        found: dict[str, Posting | None] = {}
        for start in range(0, len(all_ids), READ_AT_ONCE):
            ids = all_ids[start : start + READ_AT_ONCE]
            async with translated_errors(), self._redis.pipeline(transaction=False) as pipe:
                for escalation_id in ids:
                    pipe.hget(self._keys.record(escalation_id), "posting")
                postings = cast("list[str | None]", await pipe.execute())
            for escalation_id, posting in zip(ids, postings, strict=True):
                found[escalation_id] = None
                if posting is None:
                    continue
                try:
                    found[escalation_id] = Posting.model_validate_json(posting)
                except ValidationError:
                    log.warning("record_unreadable", escalation_id=escalation_id)
        return found
