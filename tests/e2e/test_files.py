"""Files that an operator sends with an answer, from Discord to the agent's own client."""

from __future__ import annotations

import asyncio
import base64

import aiohttp
import pytest
from discord_double import Upload
from mcp_types import CallToolResult, ImageContent, ResourceLink, TextContent
from support.discord_views import structured, until_outcome, until_told

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

PNG = b"\x89PNG\r\n\x1a\n" + b"a small one" * 20


async def test_files_reach_the_agent_through_the_whole_system_and_late_ones_too(
    fleet: Fleet,
) -> None:
    await fleet.add_gateway({"ESCALATION_TIMEOUT": "6"})
    worker = await fleet.add_worker()
    double, maya = fleet.double, fleet.double.person("Maya")
    async with asyncio.timeout(60), fleet.client() as agent, asyncio.TaskGroup() as group:
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Which shelf?"}))
        thread = await double.until_thread("Which shelf?")
        files = [Upload("shelf.png", PNG), Upload("run.exe", b"MZ"), Upload("plan.pdf", b"%PDF-1")]
        await maya.write(thread, "The left one.", files=files)
        result = await asking
        assert isinstance(result, CallToolResult)
        text, image, shelf, plan = result.content
        assert isinstance(text, TextContent)
        assert isinstance(image, ImageContent)
        assert isinstance(shelf, ResourceLink)
        assert isinstance(plan, ResourceLink)
        assert (text.text, base64.b64decode(image.data)) == ("The left one.", PNG)
        assert (plan.name, plan.mime_type, plan.size) == ("plan.pdf", "application/pdf", 6)
        assert [each["url"] for each in structured(result)["attachments"]] == [shelf.uri, plan.uri]
        async with aiohttp.ClientSession() as session, session.get(plan.uri) as response:
            assert await response.read() == b"%PDF-1"
        await until_told(double, thread, "run.exe was not passed on: only image/")
        await until_outcome(double, thread, "with shelf.png, plan.pdf")

        late = await agent.call_tool("ask_human", {"question": "And now?"})
        assert structured(late)["status"] == "timed_out"
        worker.kill()
        await maya.write(await double.until_thread("And now?"), files=[Upload("late.png", PNG)])
        await fleet.add_worker()
        thread = await double.until_thread("And now?")
        await until_told(double, thread, "late answer")
        id_ = structured(late)["escalation_id"]
        result = await agent.call_tool("check_answer", {"escalation_id": id_})
        assert isinstance(result, CallToolResult)
        assert [each.type for each in result.content] == ["text", "image", "resource_link"]
        assert structured(result)["late_attachments"][0]["name"] == "late.png"
