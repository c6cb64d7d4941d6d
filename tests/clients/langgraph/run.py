"""Runs an agent of LangGraph with a scripted model: it asks, waits on, replies, and says it."""

from __future__ import annotations

import asyncio
import json
import sys

from configuration import asking_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


class Scripted(GenericFakeChatModel):
    """Does what a model would do that reads the tools' results."""

    question: str

    def bind_tools(self, tools, **kwargs):
        report("tools", names=[tool.name for tool in tools])
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        last = messages[-1]
        if not isinstance(last, ToolMessage):
            message = call("ask_human", question=self.question, wait_seconds=0.5)
        else:
            told = last.artifact["structured_content"]
            report(told["status"], text=str(last.content), **told)
            known = {"escalation_id": told["escalation_id"]}
            match told["status"]:
                case "pending":
                    message = call("check_answer", **known)
                case "needs_info":
                    message = call("send_to_operator", message="Order 7", **known)
                case _:
                    message = AIMessage(content=str(last.content))
        return ChatResult(generations=[ChatGeneration(message=message)])


def call(name: str, **arguments: object) -> AIMessage:
    return AIMessage(content="", tool_calls=[{"name": name, "args": arguments, "id": name}])


async def main(question: str) -> None:
    try:
        agent = await asking_agent(Scripted(question=question, messages=iter(())))
        await agent.ainvoke({"messages": [("user", "May I?")]})
    except Exception as error:
        report("failed", error=f"{type(error).__name__} {error!r}")


asyncio.run(main(*sys.argv[1:]))
