"""Runs an agent of Pydantic AI with a scripted model: it asks, waits on, replies, and says it."""

from __future__ import annotations

import asyncio
import json
import sys

from configuration import asking_agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


def scripted(question: str) -> FunctionModel:
    """Make a model that does what one would do that reads the tools' results."""

    def respond(messages, info) -> ModelResponse:
        last = messages[-1].parts[-1]
        if not isinstance(last, ToolReturnPart):
            report("tools", names=[tool.name for tool in info.function_tools])
            return call("ask_human", question=question, wait_seconds=0.5)
        told = last.content
        report(told["status"], **told)
        known = {"escalation_id": told["escalation_id"]}
        match told["status"]:
            case "pending":
                return call("check_answer", **known)
            case "needs_info":
                return call("send_to_operator", message="Order 7", **known)
            case _:
                return ModelResponse(parts=[TextPart(str(told["answer"]))])

    return FunctionModel(respond)


def call(name: str, **arguments: object) -> ModelResponse:
    return ModelResponse(parts=[ToolCallPart(name, arguments)])


async def main(question: str) -> None:
    try:
        await asking_agent(scripted(question)).run("May I?")
    except Exception as error:
        report("failed", error=f"{type(error).__name__} {error}")


asyncio.run(main(*sys.argv[1:]))
