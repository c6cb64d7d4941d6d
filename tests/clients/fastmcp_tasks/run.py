"""Runs FastMCP's client with tasks: as a plain call behind which a task goes on, or as a handle."""

from __future__ import annotations

import asyncio
import json
import sys

from configuration import gateway
from fastmcp_tasks import call_tool_task


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


async def reply(message, response_type, params, context):
    """Reply to what a person asks back, which comes as an elicitation."""
    report("needs_info", asked_back=message)
    return response_type(reply="Order 7") if response_type else {"reply": "Order 7"}


async def main(way: str, question: str) -> None:
    async with gateway(elicitation_handler=reply) as client:
        report("tools", names=[tool.name for tool in await client.list_tools()])
        if way == "call":
            told = await client.call_tool("ask_human", {"question": question})
        else:
            task = await call_tool_task(client, "ask_human", {"question": question})
            status = await task.status()
            report("pending", task=task.task_id, status=status.status)
            told = await task
        report("answered", text=told.content[0].text, **told.structured_content)


asyncio.run(main(*sys.argv[1:]))
