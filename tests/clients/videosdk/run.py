"""Runs VideoSDK's own agent with a scripted model: it asks, waits on, replies, and says it."""

from __future__ import annotations

import asyncio
import json
import re
import sys

import configuration
from videosdk.agents import (
    LLM,
    Agent,
    AgentSession,
    ChatRole,
    FunctionCallOutput,
    LLMResponse,
    Pipeline,
)

ID = re.compile(r"escalation_id=(\w+)")


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


class Scripted(LLM):
    """Does what a model would do that reads the tools' words."""

    model = "scripted"

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question
        self.done = asyncio.Event()

    async def chat(self, messages, tools=None, conversational_graph=None, **kwargs):
        last = list(messages.items)[-1]
        if not isinstance(last, FunctionCallOutput):
            report("tools", names=[tool._tool_info.name for tool in tools])
            yield call("ask_human", question=self.question)
            return
        text = str(last.output)
        known = ID.search(text)
        if "Still waiting" in text and known:
            report("pending", text=text)
            yield call("check_answer", escalation_id=known[1])
        elif "send_to_operator" in text and known:
            report("needs_info", text=text)
            yield call("send_to_operator", escalation_id=known[1], message="Order 7")
        else:
            report("answered", text=text)
            self.done.set()
            yield LLMResponse(content=text, role=ChatRole.ASSISTANT)

    async def cancel_current_generation(self) -> None:
        pass


def call(name: str, **arguments: str) -> LLMResponse:
    function = {"name": name, "arguments": arguments}
    return LLMResponse(content="", role=ChatRole.ASSISTANT, metadata={"function_call": function})


class Clerk(Agent):
    async def on_enter(self) -> None:
        pass

    async def on_exit(self) -> None:
        pass


async def main(way: str, question: str) -> None:
    server = getattr(configuration, way)()
    model = Scripted(question)
    session = AgentSession(
        agent=Clerk(instructions="Ask people.", mcp_servers=[server]), pipeline=Pipeline(llm=model)
    )
    try:
        await session.start()
    except (Exception, asyncio.CancelledError) as error:  # the second is what a refusal ends in
        report("failed", error=f"{type(error).__name__} {error}")
        return
    talking = asyncio.ensure_future(session.pipeline.send_text_message("May I?"))
    await model.done.wait()
    await talking
    await session.close()


asyncio.run(main(*sys.argv[1:]))
