"""The product with one guarantee broken, each in the way in which it would break by mistake.

A mutation is applied inside a process before the product runs. One that changes a script insists on
finding what it changes, so that it can't turn into nothing when the product changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from faults import plans
from faults.checker import Promise
from faults.plan import Plan

GATEWAY, WORKER, AGENT = "mcp_gateway", "escalation_worker", "customer_agent"


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is broken, the short campaign that is aimed at it, and how the checker should see it."""

    what: str
    plan: Plan
    seen_as: Promise
    change: Callable[[], None]
    where: frozenset[str] = frozenset({GATEWAY, WORKER})

    def apply(self, module: str) -> None:
        """Break it, if this module is concerned."""
        if module in self.where:
            self.change()


def _change_script(name: str, *changes: tuple[str, str]) -> None:
    """Replace parts of a Lua file's text, as if they had been written so."""
    from shared.redis_adapter import scripts

    text = scripts.source(name)
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"{name}.lua has no {old!r} any more: mend the mutation")
        text = text.replace(old, new)
    read = scripts.source

    def source(wanted: str) -> str:
        return text if wanted == name else read(wanted)

    _put(scripts, "source", source)


def _put(owner: object, name: str, other: Any) -> Any:
    """Put something else in the place of what is there; return what was there."""
    original = getattr(owner, name)
    setattr(owner, name, other)
    return original


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _consume_replies() -> None:
    from shared.redis_adapter.waiting import RedisReplyWaiter

    async def read_once(self: Any, ids: list[str]) -> None:
        await read(self, ids)
        await self._redis.delete(*(self._keys.reply(each) for each in ids))

    read = _put(RedisReplyWaiter, "_read", read_once)


def _post_blindly() -> None:
    from escalation_worker.discord_channel.showing import marks, starting

    _put(starting, "find_marked", _nothing)

    def nonce(*_: Any) -> str:
        return token_hex(12)

    _put(marks, "nonce", nonce)


def _catch_up_with_nothing() -> None:
    from escalation_worker.discord_channel.session.catching_up import CatchingUp

    async def find_nothing(*_: Any) -> dict[str, Any]:
        return {}

    _put(CatchingUp, "run", find_nothing)


def _let_the_last_win() -> None:
    _change_script("conclude", ("local allowed = false", "local allowed = true"))


def _correct_what_was_read() -> None:
    _change_script(
        "correct", ("redis.call('HEXISTS', record, 'outcome_handed_over_ms') == 0", "true")
    )


def _let_anybody_answer() -> None:
    from escalation_worker.operators import Operators

    def include(*_: Any) -> bool:
        return True

    _put(Operators, "include", include)


def _queue_apart() -> None:
    """Write the record first and queue its jobs afterwards, and let no sweep look for them."""
    from escalation_worker.concluding import Concluding
    from shared.crash_points import CrashPoint, crash_point
    from shared.redis_adapter.jobs import JobName
    from shared.redis_adapter.records import to_ms
    from shared.redis_adapter.store import RedisEscalationStore

    _change_script(
        "accept",
        ("enqueue(KEYS[6], KEYS[7], ARGV[7], ARGV[8], due, kept - now)", ""),
        ("enqueue(KEYS[6], KEYS[8], ARGV[9], ARGV[10], ARGV[14], kept - now)", ""),
    )

    async def accept_then_queue(self: Any, ask: Any) -> Any:
        accepted = await accept(self, ask)
        crash_point(CrashPoint.ASK_AFTER_ACCEPTED)
        one = accepted.escalation
        if not accepted.joined:
            for name, due in ((JobName.POST, one.created_at), (JobName.EXPIRE, one.deadline)):
                job = self._job(name, one.id, now=one.created_at)
                await self._redis.set(self._keys.job(job.id), job.body, ex=3600)
                await self._redis.zadd(self._keys.queue, {job.id: to_ms(due)})
            await self._redis.publish(self._keys.wake, one.id)
        return accepted

    accept = _put(RedisEscalationStore, "accept", accept_then_queue)
    _put(Concluding, "sweep", _nothing)


def _move_the_cursor_first() -> None:
    from escalation_worker.discord_channel.hearing.listener import Listener

    async def note_then_take_in(self: Any, message: Any, *more: Any, in_order: bool) -> None:
        if in_order and (found := await self._find(str(message.channel.id))):
            await self._memory.note_heard(found, str(message.id), *more)
        await take_in(self, message, *more, in_order=False)

    take_in = _put(Listener, "_take_in", note_then_take_in)


def _ignore_leases() -> None:
    _change_script("lease", ("'NX', 'PX'", "'PX'"))
    _change_script("requeue", ("redis.call('EXISTS', KEYS[2]) == 1", "false"))
    _change_script("renew_lease", ("redis.call('GET', KEYS[1]) ~= ARGV[1]", "false"))


def _ignore_keys() -> None:
    _change_script("accept", ("redis.call('GET', KEYS[11])", "false"))


def _expire_unheard() -> None:
    from escalation_worker.concluding import Concluding

    async def is_heard(*_: Any) -> bool:
        return True

    _put(Concluding, "_is_heard", is_heard)


def _keep_replies_for_ever() -> None:
    _change_script("conclude", ("outcome, 'PX', ttl)", "outcome)"))


def _expire_at_once() -> None:
    from escalation_worker.concluding import Concluding
    from shared.expiry import expired

    _change_script("accept", ("ARGV[14], kept", "now + 200, kept"))

    async def expire(self: Any, escalation_id: str) -> bool:
        found = await self._store.get(escalation_id)
        if found is not None:
            await self._store.conclude(escalation_id, expired(found, found.deadline))
        return True

    _put(Concluding, "expire", expire)


def _show_no_outcome() -> None:
    from escalation_worker.discord_channel.showing.channel import DiscordChannel

    _put(DiscordChannel, "_edit_starter", _nothing)


def _mix_up_threads() -> None:
    """Take what is written in one thread for the answer to the question before it."""
    from shared.redis_adapter.posting import RedisPostingLog

    known: list[str] = []

    async def find_another(self: Any, *where: str) -> str | None:
        found = await find(self, *where)
        if found is not None and found not in known:
            known.append(found)
        return found and known[max(0, known.index(found) - 1)]

    find = _put(RedisPostingLog, "find", find_another)


def _nothing_in_the_process() -> None:
    """Leave the product as it is: the fleet starts its Redis without the append-only file."""


def _tell_all_again() -> None:
    from customer_agent.gateway_client import McpGateway

    async def nothing_told(self: Any, conversation_id: str) -> list[Any]:
        listed = await read(self, conversation_id)
        return [each.model_copy(update={"delivered": False}) for each in listed]

    async def not_told(self: Any, escalation_id: str, *, wait_seconds: float) -> Any:
        standing = await look(self, escalation_id, wait_seconds=wait_seconds)
        return standing.model_copy(update={"delivered": False})

    read = _put(McpGateway, "list_questions", nothing_told)
    look = _put(McpGateway, "check", not_told)


def _drop_in_words() -> None:
    """Tell the agent that its route dropped a question, and leave the question as it is."""
    from shared.escalation import Provenance, State
    from shared.ports.escalations import Concluded
    from shared.redis_adapter.store import RedisEscalationStore

    async def say_so(self: Any, escalation_id: str, outcome: Any, *more: Any) -> Any:
        if (outcome.state, outcome.provenance) != (State.CANCELLED, Provenance.SYSTEM):
            return await conclude(self, escalation_id, outcome, *more)
        found = await self.get(escalation_id)
        ended = {"state": outcome.state, "outcome": outcome}
        return found and Concluded(found.model_copy(update=ended), applied=True)

    conclude = _put(RedisEscalationStore, "conclude", say_so)


MUTATIONS: dict[str, Mutation] = {
    "consumed_replies": Mutation(
        "the reply key is consumed when it is read",
        plans.ANSWERS,
        Promise.LOST,
        _consume_replies,
        frozenset({GATEWAY}),
    ),
    "blind_posting": Mutation(
        "posts without nonce and without looking for the marker",
        plans.CRASHED_POSTING,
        Promise.POSTED_TWICE,
        _post_blindly,
        frozenset({WORKER}),
    ),
    "no_catching_up": Mutation(
        "a listener does not look for what it missed",
        plans.UNHEARD,
        Promise.LOST,
        _catch_up_with_nothing,
        frozenset({WORKER}),
    ),
    "last_answer_wins": Mutation(
        "concludes whatever state the question is in",
        plans.ANSWERS,
        Promise.ANSWERED_TWICE,
        _let_the_last_win,
    ),
    "corrects_what_was_read": Mutation(
        "an edit takes the answer's place although an agent has read it",
        plans.CORRECTIONS,
        Promise.ANSWERED_TWICE,
        _correct_what_was_read,
        frozenset({WORKER}),
    ),
    "anybody_answers": Mutation(
        "nobody asks who wrote",
        plans.ANSWERS,
        Promise.UNAUTHORISED,
        _let_anybody_answer,
        frozenset({WORKER}),
    ),
    "queued_apart": Mutation(
        "the jobs are queued after the record is written, and nothing sweeps",
        plans.CRASHED_ACCEPTING,
        Promise.LOST,
        _queue_apart,
    ),
    "cursor_first": Mutation(
        "the cursor moves before the reply is handled",
        plans.CRASHED_HEARING,
        Promise.LOST,
        _move_the_cursor_first,
        frozenset({WORKER}),
    ),
    "no_leases": Mutation(
        "two workers may be at the same question",
        plans.SLOW_POSTING,
        Promise.POSTED_TWICE,
        _ignore_leases,
        frozenset({WORKER}),
    ),
    "no_idempotency": Mutation(
        "the idempotency key is ignored",
        plans.ANSWERS,
        Promise.TWO_IDS,
        _ignore_keys,
        frozenset({GATEWAY}),
    ),
    "unheard_expire": Mutation(
        "times out at the deadline although nobody listened",
        plans.UNHEARD,
        Promise.LOST,
        _expire_unheard,
        frozenset({WORKER}),
    ),
    "redis_forgets": Mutation(
        "Redis runs without its append-only file",
        plans.DYING_REDIS,
        Promise.LOST,
        _nothing_in_the_process,
    ),
    "tells_all_again": Mutation(
        "the next agent of a conversation does not ask what was told already",
        plans.DYING_AGENT,
        Promise.TOLD_TWICE,
        _tell_all_again,
        frozenset({AGENT}),
    ),
    "dropped_in_words": Mutation(
        "what a route drops is only said to be cancelled",
        plans.HANGING_UP,
        Promise.WRONG_OUTCOME,
        _drop_in_words,
        frozenset({GATEWAY}),
    ),
    "replies_for_ever": Mutation(
        "the reply key has no TTL",
        plans.ANSWERS,
        Promise.LEAKED,
        _keep_replies_for_ever,
    ),
    "hasty_expiry": Mutation(
        "times out long before the deadline",
        plans.ANSWERS,
        Promise.WRONG_OUTCOME,
        _expire_at_once,
    ),
    "outcome_not_shown": Mutation(
        "the message in Discord goes on saying that the question is open",
        plans.ANSWERS,
        Promise.SHOWN_WRONG,
        _show_no_outcome,
        frozenset({WORKER}),
    ),
    "mixed_up_threads": Mutation(
        "an answer is given to another question",
        plans.ANSWERS,
        Promise.WRONG_ANSWER,
        _mix_up_threads,
        frozenset({WORKER}),
    ),
}
