"""The gateway under attack: the real process on a real Redis, with questions in every state."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from redis import Redis
from support import processes
from support.make import a_remark, an_ask, an_outcome
from support.oauth_issuer import AUDIENCE, ISSUER, Issuer

from hitl.embedded_redis import free_port
from hostile.case import CUSTOMER, HANDSHAKE, call
from hostile.credentials import stored_keys, tokens
from hostile.wire import Answer, exchange
from mcp_gateway.tasks.replies import open_requests, source_of
from shared.escalation import REMARKS_LIMIT, Author, Escalation, State
from shared.ports.clock import utc_now
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

SHOP_KEY: Final = "shop-key-0123456789"
BANK_KEY: Final = "bank-key-0123456789"

Kept: TypeAlias = dict[str, tuple[bytes, int]]
NEVER: Final = -1
_DUMP: Final = """
local found = {}
for _, name in ipairs(redis.call('KEYS', ARGV[1])) do
  table.insert(found, {name, redis.call('DUMP', name), redis.call('PEXPIRETIME', name)})
end
return found
"""

GOOD: Final = call(HANDSHAKE, "check_answer", {"escalation_id": "<<open>>", "wait_seconds": 0})
"""What is asked after each bad request."""


@dataclass(slots=True)
class House:
    """A gateway, its Redis, and what stands for `<<names>>` in requests."""

    gateway: processes.Process
    redis: Redis
    keys: Keys
    values: dict[str, str]
    seen: Kept = field(default_factory=dict[str, tuple[bytes, int]])
    """What was kept at the last look."""

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return int(self.gateway.env["GATEWAY_PORT"])

    def ask(self, raw: bytes) -> Answer | None:
        """Send something."""
        return exchange(self.port, raw)

    def is_well(self) -> bool:
        """Whether a good request is answered as it should be."""
        answer = self.ask(GOOD.raw(self.values))
        assert answer is not None
        assert answer.status == 200, answer
        return answer.message()["result"]["structuredContent"]["status"] == "pending"

    def kept(self) -> Kept:
        """Dump all that is kept, with the moment (ms) at which it expires.

        But for the buckets of calls: that a call was made counts, whatever became of it.
        """
        found: Any = self.redis.eval(_DUMP, 0, f"*{self.keys.prefix}:*")
        buckets = f"{self.keys.prefix}:calls:"
        dumped = {name.decode(): (value, at) for name, value, at in found}
        return {name: each for name, each in dumped.items() if not name.startswith(buckets)}

    def is_as_it_was(self) -> bool:
        """Whether nothing was kept, changed or dropped since the last look; some may expire."""
        before, self.seen = self.seen, self.kept()
        seconds, micros = cast("tuple[int, int]", self.redis.time())
        moment = seconds * 1000 + micros // 1000
        assert _alive(self.seen, moment) == _alive(before, moment)
        return True


def _alive(kept: Kept, moment: int) -> Kept:
    return {name: each for name, each in kept.items() if each[1] == NEVER or each[1] > moment}


@contextmanager
def a_house(folder: Path, redis_url: str, keys: Keys) -> Generator[House]:
    """Furnish a gateway that knows keys, stored keys and an issuer; stop it in the end."""
    issuer = Issuer()
    issuer.add_ec("key-2")
    store_settings = StoreSettings.model_validate(
        {"redis_url": redis_url, "redis_key_prefix": keys.prefix}
    )
    with ExitStack() as stack:
        jwks = stack.enter_context(issuer.serving())
        gateway = processes.gateway(
            folder,
            {
                "REDIS_URL": redis_url,
                "REDIS_KEY_PREFIX": keys.prefix,
                "LOG_LEVEL": "INFO",
                "GATEWAY_API_KEYS": f"shop:{SHOP_KEY},bank:{BANK_KEY}",
                "GATEWAY_OAUTH_ISSUER": ISSUER,
                "GATEWAY_OAUTH_JWKS_URL": jwks,
                "GATEWAY_OAUTH_SCOPES": "ask",
                "GATEWAY_PUBLIC_URL": AUDIENCE,
                "GATEWAY_CALLS_PER_SECOND": "1000",
            },
            port=free_port(),
        )
        gateway.start()
        stack.callback(gateway.stop)
        asyncio.run(processes.until_ready(gateway))
        values = {
            "shop_key": SHOP_KEY,
            "bank_key": BANK_KEY,
            "port": gateway.env["GATEWAY_PORT"],
            **tokens(issuer),
            **asyncio.run(stored_keys(store_settings, keys)),
            **asyncio.run(_furnished(store_settings, keys)),
        }
        redis = stack.enter_context(Redis.from_url(redis_url))
        house = House(gateway, redis, keys, values)
        house.seen = house.kept()
        yield house


async def _furnished(settings: StoreSettings, keys: Keys) -> dict[str, str]:
    """Ask questions and bring each into another state; tell their ids."""
    async with open_client(settings) as redis:
        store, discussion = RedisEscalationStore(redis, keys), RedisDiscussion(redis, keys)

        async def asked(about: str, *, agent: str = "shop", **shape: Any) -> Escalation:
            ask = an_ask(f"{CUSTOMER} {about}?", agent=agent, **shape)
            return (await store.accept(ask)).escalation

        async def asked_back(about: str, *, agent: str = "shop") -> Escalation:
            escalation = await asked(about, agent=agent)
            noted = await discussion.remark(
                escalation.id, a_remark(at=utc_now(), text=f"Which size, {about}?")
            )
            assert noted is not None
            return noted.escalation

        opened = await asked("open", key="open-key", conversation_id="open-conversation")
        answered, timed_out = await asked("answered"), await asked("timed out")
        await store.conclude(answered.id, an_outcome(answered, at=utc_now()))
        await store.conclude(timed_out.id, an_outcome(timed_out, State.TIMED_OUT, at=utc_now()))
        cancelled = await asked("cancelled")
        await store.conclude(cancelled.id, an_outcome(cancelled, State.CANCELLED, at=utc_now()))
        back, replied = await asked_back("asked back"), await asked_back("replied to")
        (back_key,), (used_key,) = open_requests(back), open_requests(replied)
        reply = a_remark(Author.AGENT, at=utc_now(), text="L", source=source_of(used_key))
        await discussion.remark(replied.id, reply)
        talked_out = await asked("talked out")
        for number in range(REMARKS_LIMIT):
            await discussion.remark(
                talked_out.id, a_remark(Author.AGENT, at=utc_now(), source=f"r{number}")
            )
        approval = await asked("approval", approvals_needed=2)
        foreign, foreign_back = await asked("a", agent="bank"), await asked_back("b", agent="bank")
        (foreign_key,) = open_requests(foreign_back)
    return {
        "open": opened.id,
        "answered": answered.id,
        "timed_out": timed_out.id,
        "cancelled": cancelled.id,
        "asked_back": back.id,
        "back_key": back_key,
        "replied": replied.id,
        "used_key": used_key,
        "talked_out": talked_out.id,
        "approval": approval.id,
        "foreign": foreign.id,
        "foreign_back": foreign_back.id,
        "foreign_key": foreign_key,
    }
