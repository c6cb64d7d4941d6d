"""The Redis user that docs/redis.md recommends may do all that the system needs."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import pytest
from discord_double import Upload
from redis.asyncio import Redis
from support.discord_views import structured, until_outcome

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "redis.md"
PASSWORD: Final = "made-up-for-this-test"
PHOTO: Final = Upload("photo.png", b"\x89PNG\r\n\x1a\n a small one")


def documented_rights(prefix: str) -> list[str]:
    """Read the user's rights as the document gives them, for another prefix."""
    (line,) = re.findall(r"^ACL SETUSER hitl (.*)$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    return str(line).replace("PASSWORD", PASSWORD).replace("hitl:", f"{prefix}:").split()


async def test_the_documented_redis_user_may_do_all_that_is_needed(fleet: Fleet) -> None:
    user = f"user-{fleet.keys.prefix}"
    server = urlsplit(fleet.redis_url).netloc.rpartition("@")[2]
    admin = cast("Any", Redis.from_url(fleet.redis_url, decode_responses=True))
    await admin.execute_command("ACL", "SETUSER", user, *documented_rights(fleet.keys.prefix))
    fleet.redis_url = f"redis://{user}:{PASSWORD}@{server}"
    await fleet.add_gateway()
    await fleet.add_worker()
    async with asyncio.timeout(30), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "May I?"}))
        thread = await fleet.double.until_thread("May I?")
        await fleet.double.person("Maya").write(thread, "You may.", files=[PHOTO])
        assert structured(await asking)["answer"] == "You may."
        assert [each.type for each in asking.result().content] == ["text", "image", "resource_link"]
        await until_outcome(fleet.double, thread, "Answered by Maya")

        asked = await agent.call_tool("ask_human", {"question": "Or else?", "wait_seconds": 0})
        other = await fleet.double.until_thread("Or else?")
        escalation_id = structured(asked)["escalation_id"]
        await agent.call_tool("cancel_question", {"escalation_id": escalation_id})
        await until_outcome(fleet.double, other, "")
        assert structured(await agent.call_tool("list_questions", {}))["questions"]
    await asyncio.to_thread(fleet.stop)
    refusals = cast("list[dict[str, Any]]", await admin.acl_log())
    await admin.acl_deluser(user)
    await admin.aclose()
    assert [each for each in refusals if each["username"] == user] == []
