"""Runs an agent of OpenAI's SDK with a scripted model: it asks, waits on, replies, and says it."""

from __future__ import annotations

import asyncio
import json
import re
import sys

from agents import ModelResponse, Runner, Usage, set_tracing_disabled
from agents.models.interface import Model
from configuration import asking_agent, people
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

ID = re.compile(r"escalation_id=(\w+)")


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


class Scripted(Model):
    """Does what a model would do that reads the tools' words."""

    def __init__(self, question: str) -> None:
        self.question = question

    async def get_response(self, system_instructions, input, model_settings, tools, *rest, **more):  # noqa: A002
        last = input[-1] if isinstance(input, list) else {}
        if last.get("type") != "function_call_output":
            report("tools", names=[tool.name for tool in tools])
            return said(call("ask_human", question=self.question))
        text = str(last["output"])
        known = ID.search(text)
        if "Still waiting" in text and known:
            report("pending", text=text)
            return said(call("check_answer", escalation_id=known[1]))
        if "send_to_operator" in text and known:
            report("needs_info", text=text)
            return said(call("send_to_operator", escalation_id=known[1], message="Order 7"))
        report("answered", text=text)
        words = ResponseOutputText(text=text, type="output_text", annotations=[])
        return said(
            ResponseOutputMessage(
                id="m", content=[words], role="assistant", status="completed", type="message"
            )
        )

    def stream_response(self, *rest, **more):
        raise NotImplementedError


def call(name: str, **arguments: str) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        call_id=name, name=name, arguments=json.dumps(arguments), type="function_call"
    )


def said(item) -> ModelResponse:
    return ModelResponse(output=[item], usage=Usage(), response_id=None)


async def main(question: str) -> None:
    set_tracing_disabled(disabled=True)
    try:
        async with people:
            await Runner.run(asking_agent(Scripted(question)), "May I?")
    except Exception as error:
        report("failed", error=f"{type(error).__name__} {error}")


asyncio.run(main(*sys.argv[1:]))
