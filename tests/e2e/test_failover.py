"""Another server becomes the primary under load. Nobody of ours is restarted.

A question that a gateway said it had accepted is on the replica (REDIS_WAIT_REPLICAS=1), and the
replica is what is promoted: so each of them is answered, and shown once.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import pytest
from discord_double import DiscordDouble
from support import processes
from support.load import load
from support.sentinel_set import DOWN_AFTER_MS, Server, sentinel_set

from e2e.conftest import Fleet
from e2e.test_least_privilege import PASSWORD, documented_rights
from shared.redis_adapter.keys import Keys

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


@pytest.mark.parametrize("manner", ["killed", "paused"])
async def test_the_primary_is_lost_under_load(tmp_path: Path, manner: str) -> None:
    user = f"user hitl {' '.join(documented_rights('failover'))}"
    async with (
        asyncio.timeout(100),
        sentinel_set(tmp_path / "redis", user) as redis,
        DiscordDouble() as double,
    ):
        url = f"redis://hitl:{PASSWORD}@host-and-port-are-not.used/0"
        fleet = Fleet(tmp_path, url, Keys("failover"), double)
        extra = {**redis.env, "REDIS_WAIT_REPLICAS": "1"}
        try:
            for _ in range(2):
                await fleet.add_gateway(extra)
                await fleet.add_worker(extra)
            urls = [processes.gateway_url(each) for each in fleet.gateways]

            async def known(escalation_id: str) -> str:
                return "\n".join(
                    [
                        *[await _record(each, fleet, escalation_id) for each in redis.servers],
                        *_logged(fleet, escalation_id),
                    ]
                )

            async with load(double, urls, known=known) as asking:
                await asking.until_accepted_after(0, count=6)
                lost = time.monotonic()
                if manner == "killed":
                    redis.first.kill()
                else:
                    redis.first.pause()
                await redis.until_primary(redis.second)
                promoted = time.monotonic() - lost
                # What comes back believes itself the primary until the sentinels tell it better.
                if manner == "killed":
                    redis.first.start()
                else:
                    redis.first.resume()
                back = time.monotonic()
                await redis.until_settled()
                replicated = time.monotonic() - lost
                accepted = await asking.until_accepted_after(back, count=6) - lost
            print(  # noqa: T201
                f"{manner}: another primary after {promoted:.1f} s (told to wait "
                f"{DOWN_AFTER_MS / 1000:.0f} s), one the other's replica after {replicated:.1f} s, "
                f"questions accepted after {accepted:.1f} s; {len(asking.questions)} accepted and "
                f"answered once, {len(asking.errors)} calls told to try again, the slowest after "
                f"{asking.longest_error:.1f} s"
            )
            for server in redis.servers:
                async with server.client() as admin:
                    refusals = cast("list[dict[str, str]]", await cast("Any", admin).acl_log())
                    assert [each for each in refusals if each["username"] == "hitl"] == []
        finally:
            await asyncio.to_thread(fleet.stop)
    for process in (*fleet.gateways, *fleet.workers):
        assert process.process is not None
        assert process.process.returncode == 0, process.text()[-2000:]
        assert "redis.exceptions" not in process.text(), "a traceback where a line would do"


async def _record(server: Server, fleet: Fleet, escalation_id: str) -> str:
    """Say what one server has of a question."""
    async with server.client() as redis:
        record = await cast("Any", redis).hgetall(fleet.keys.record(escalation_id))
    return f"on the server {server.port}: {record}"


def _logged(fleet: Fleet, escalation_id: str) -> list[str]:
    """List what all processes logged of a question."""
    return [
        f"{process.log.stem}: {line}"
        for process in (*fleet.gateways, *fleet.workers)
        for line in process.text().splitlines()
        if escalation_id in line
    ]
