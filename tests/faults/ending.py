"""What Redis and Discord hold when a campaign has settled, written into its history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, cast

import httpx2
from discord_double import defaults
from redis.asyncio import Redis
from support.key_checker import leaking_keys

from faults.fleet import Fleet
from faults.history import History, What
from shared.escalation import Escalation, Outcome
from shared.redis_adapter.records import from_hash

MARKER = "Question "
"""What stands before the id in the footer of a question's message."""


async def still_due(redis: Redis, fleet: Fleet) -> dict[str, list[str]]:
    """List what is still to be done, by index."""
    keys = fleet.keys
    indexes = {"open": keys.open, "unposted": keys.unposted, "unshown": keys.unshown}
    return {
        name: cast("list[str]", await redis.zrange(key, 0, -1)) for name, key in indexes.items()
    }


async def known_ids(redis: Redis, fleet: Fleet) -> list[str]:
    """List every question of which a record is kept."""
    prefix = fleet.keys.record("")
    found = cast("AsyncIterator[str]", redis.scan_iter(f"{prefix}*", count=1000))
    names = [key.removeprefix(prefix) async for key in found]
    return sorted(name for name in names if ":" not in name)


async def note_redis(redis: Redis, fleet: Fleet, history: History) -> None:
    """Write down every record with its reply key, what is due, and which keys leak."""
    for escalation_id in await known_ids(redis, fleet):
        fields = await cast("Any", redis).hgetall(fleet.keys.record(escalation_id))
        reply = cast("str | None", await redis.get(fleet.keys.reply(escalation_id)))
        history.note(What.RECORD, **_record(from_hash(fields)), reply=_reply(reply))
    leaks = await leaking_keys(redis, fleet.keys)
    history.note(What.LEFT, **await still_due(redis, fleet), leaks=leaks)


async def note_discord(fleet: Fleet, history: History) -> None:
    """Write down every message that shows a question, with the thread made from it."""
    async with httpx2.AsyncClient(timeout=30) as client:
        state = (await client.get(f"{fleet.double_url}/_double/state")).json()
    threads = {thread["id"]: thread for thread in state["threads"]}
    for channel in state["channels"]:
        for message in channel["messages"]:
            if message["author"]["id"] != str(defaults.BOT_USER_ID) or not message["embeds"]:
                continue
            embed = message["embeds"][0]
            fields = {field["name"]: field["value"] for field in embed.get("fields", [])}
            thread = threads.get(message["id"])
            history.note(
                What.STARTER,
                message=message["id"],
                id=embed["footer"]["text"].removeprefix(MARKER),
                text=embed["description"],
                shown=_seconds(message["timestamp"]),
                outcome=fields.get("Outcome"),
                opened=_seconds(thread["thread_metadata"]["create_timestamp"]) if thread else None,
                archived=thread is not None and thread["thread_metadata"]["archived"],
                messages=[_message(each) for each in thread["messages"]] if thread else [],
            )


def _record(escalation: Escalation) -> dict[str, Any]:
    outcome, late = escalation.outcome, escalation.late_answer
    return {
        "id": escalation.id,
        "text": escalation.question.text,
        "route": escalation.question.route,
        "state": escalation.state.value,
        "created": escalation.created_at.timestamp(),
        "deadline": escalation.deadline.timestamp(),
        "posting": escalation.posting.reference if escalation.posting else None,
        "outcome": outcome.model_dump(mode="json") if outcome else None,
        "ended": outcome.at.timestamp() if outcome else None,
        "delivered": _moment(escalation.delivered_at),
        "late_delivered": _moment(escalation.late_answer_delivered_at),
        "late": late.model_dump(mode="json") if late else None,
    }


def _moment(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _reply(text: str | None) -> Any:
    """Read the reply key: it holds an outcome in the form of the record's."""
    return None if text is None else Outcome.model_validate_json(text).model_dump(mode="json")


def _message(message: dict[str, Any]) -> dict[str, Any]:
    reference: dict[str, Any] = message.get("message_reference") or {}
    reactions: list[dict[str, Any]] = message.get("reactions") or []
    return {
        "id": message["id"],
        "type": message["type"],
        "author": message["author"]["id"],
        "bot": message["author"]["bot"],
        "written": _seconds(message["timestamp"]),
        "text": message["content"],
        "about": reference.get("message_id"),
        "marks": [each["emoji"]["name"] for each in reactions if each.get("me")],
    }


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
