"""A small rule-based stand-in for a language model.

It lets the real runtime (turns, tools, unprompted replies, speech) run offline, for nothing and
the same way every time: in the demo, in tests, and for a first look. It is not a language model
and understands only the tables of `shop_rules`. Set AGENT_LLM for a real one.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any, Final

from videosdk.agents import (
    LLM,
    ChatContext,
    ChatMessage,
    ChatRole,
    FunctionCall,
    FunctionCallOutput,
    FunctionTool,
    LLMResponse,
)

from customer_agent.agent import ASKED, PASSED_ON
from customer_agent.notices import Notices
from customer_agent.outcomes import Ending, in_plain_words
from customer_agent.runtime import text_of
from customer_agent.shop_rules import AGREED, OFFER, REFUSED, escalated, known

_TOOL: Final = "ask_human"
_REPLY: Final = "reply_to_colleague"
_LONGEST_QUESTION: Final = 600
_TICKET: Final = re.compile(r"Ticket (\S+)\.")


class RuleBasedLLM(LLM):
    """Answers from tables, calls `ask_human` where a person must decide, and tells outcomes.

    After a question back, the customer's next words are the reply to it.
    """

    model = "rules"  # the runtime shows it in its metrics

    def __init__(self, notices: Notices) -> None:
        super().__init__()
        self._notices = notices

    async def chat(  # pyright: ignore[reportIncompatibleMethodOverride]  The runtime iterates it.
        self,
        messages: ChatContext,
        tools: list[FunctionTool] | None = None,
        conversational_graph: Any | None = None,  # noqa: ARG002  The runtime's signature.
        **kwargs: Any,  # noqa: ARG002  The runtime's signature.
    ) -> AsyncIterator[LLMResponse]:
        """Answer the last thing in the context: a tool's result, a notice, or the customer."""
        yield self._respond(list(messages.items), may_ask=bool(tools))

    async def cancel_current_generation(self) -> None:
        """Do nothing: an answer is there as soon as it is asked for."""

    def _respond(self, items: list[Any], *, may_ask: bool) -> LLMResponse:
        last = items[-1] if items else None
        if isinstance(last, FunctionCallOutput):
            return _say(_after_tool(last, items))
        text = text_of(last)
        if (outcome := self._notices.read(text)) is not None:
            return _say(in_plain_words(outcome))
        ticket = self._asked_back(items[:-1])
        if ticket is not None and may_ask:
            return _call(_REPLY, {"ticket": ticket, "reply": text})
        before = [each for each in items[:-1] if not self._is_notice(each)]
        wanted = self._wanted(text, before)
        if wanted is not None and may_ask:
            question, topic = wanted
            return _ask(question, topic)
        return _say(self._small_talk(text, items))

    def _asked_back(self, before: list[Any]) -> str | None:
        """Find the ticket about which the customer was asked something and has not replied."""
        asked: list[str] = []
        for item in before:
            if (notice := self._notices.read(text_of(item))) is not None:
                asked = [each for each in asked if each != notice.ticket]
                if notice.ending is Ending.NEEDS_INFO:
                    asked.append(notice.ticket)
            elif isinstance(item, FunctionCall) and item.name == _REPLY:
                replied = json.loads(item.arguments)["ticket"]
                asked = [each for each in asked if each != replied]
        return asked[-1] if asked else None

    def _wanted(self, text: str, before: list[Any]) -> tuple[str, str] | None:
        """Find the question for a person, if there is one, and what it is about."""
        found = escalated(text)
        if found is not None:
            return text, found.topic
        spoken = [each for each in before if isinstance(each, ChatMessage)]
        offered = spoken and spoken[-1].role is ChatRole.ASSISTANT and OFFER in text_of(spoken[-1])
        if offered and AGREED.match(text.strip()):
            asked = [text_of(each) for each in spoken if each.role is ChatRole.USER]
            return (asked[-1], "that") if asked else None
        return None

    def _small_talk(self, text: str, items: list[Any]) -> str:
        if not any(character.isalnum() for character in text):
            return "I didn't quite catch that. Could you say it again?"
        found = known(text)
        if found is None:
            declined = REFUSED.match(text.strip())
            return "All right. What else can I do for you?" if declined else OFFER
        if found.name == "news":
            return self._news(items)
        turn = sum(isinstance(each, ChatMessage) for each in items)
        return found.replies[turn // 2 % len(found.replies)]

    def _news(self, items: list[Any]) -> str:
        asked = {
            ticket
            for each in items
            if isinstance(each, FunctionCallOutput) and _worked(each)
            for ticket in _TICKET.findall(each.output)
        }
        told = {
            outcome.ticket
            for each in items
            if (outcome := self._notices.read(text_of(each))) is not None and outcome.is_final
        }
        if asked - told:
            return "Not yet. My colleague has your question, and I'll tell you the moment I hear."
        return "There is nothing open with my colleagues right now. What would you like to know?"

    def _is_notice(self, item: Any) -> bool:
        return self._notices.read(text_of(item)) is not None


def _after_tool(output: FunctionCallOutput, items: list[Any]) -> str:
    if _says(output, PASSED_ON):
        return (
            "Thank you, I have passed that on. You'll hear from me as soon as there is an answer."
        )
    if output.name == _REPLY:
        return "My colleague no longer needs to know that. What else can I do for you?"
    if not _worked(output):
        return "I'm afraid I can't reach my colleagues about this right now. Let's try it later."
    calls = [each for each in items if isinstance(each, FunctionCall)]
    topic = "that"
    if calls:
        topic = json.loads(calls[-1].arguments).get("context", "").removeprefix("It is about ")
        topic = topic.split(".", 1)[0] or "that"
    return (
        f"I can't decide about {topic} myself, so I have just asked a colleague. You'll hear from "
        "me as soon as they answer. Meanwhile, is there anything else?"
    )


def _worked(output: FunctionCallOutput) -> bool:
    return _says(output, ASKED)


def _says(output: FunctionCallOutput, beginning: str) -> bool:
    try:
        return str(json.loads(output.output)).startswith(beginning)
    except ValueError:
        return False


def _ask(question: str, topic: str) -> LLMResponse:
    arguments = {
        "question": " ".join(question.split())[:_LONGEST_QUESTION],
        "context": f"It is about {topic}. These are the customer's own words, from the chat.",
    }
    return _call(_TOOL, arguments)


def _call(tool: str, arguments: dict[str, str]) -> LLMResponse:
    call = {"name": tool, "arguments": arguments}
    return LLMResponse(content="", role=ChatRole.ASSISTANT, metadata={"function_call": call})


def _say(words: str) -> LLMResponse:
    return LLMResponse(content=words, role=ChatRole.ASSISTANT)
