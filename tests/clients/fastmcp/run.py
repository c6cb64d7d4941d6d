"""Runs FastMCP's client: it lists, asks, waits on, replies and reads, in either era."""

from __future__ import annotations

import asyncio
import json
import sys

from configuration import gateway


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


async def main(mode: str, question: str) -> None:
    try:
        async with gateway(mode=mode) as client:
            report("tools", names=[tool.name for tool in await client.list_tools()])
            told = await client.call_tool("ask_human", {"question": question, "wait_seconds": 0.5})
            report("pending", **told.structured_content)
            known = {"escalation_id": told.data.escalation_id}
            told = await client.call_tool("check_answer", known)
            report("needs_info", **told.structured_content)
            told = await client.call_tool("send_to_operator", {**known, "message": "Order 7"})
            report(
                "answered",
                revision=client.session.protocol_version,
                text=told.content[0].text,
                **told.structured_content,
            )
    except Exception as error:
        report("failed", error=f"{type(error).__name__} {error}")


asyncio.run(main(*sys.argv[1:]))
