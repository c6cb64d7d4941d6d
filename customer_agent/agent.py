"""The agent as VideoSDK's runtime sees it: instructions, tools, a greeting and a goodbye."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from videosdk.agents import Agent

from customer_agent.background import Attaching
from customer_agent.gateway_client import TEXT_LIMIT
from customer_agent.questions import OpenQuestions
from customer_agent.refusals import (
    ConversationEndedError,
    NothingAskedError,
    TooManyQuestionsError,
)
from customer_agent.runtime import context_of, function_tool, session_of
from shared.telemetry import get_logger

_log = get_logger(__name__)

ASKED: Final = "Asked."
"""How the tool's result begins when the question is on its way."""
PASSED_ON: Final = "Passed on."
"""Likewise when the customer's reply is."""


class CustomerAgent(Agent):
    """Talks with one customer, and asks people what it must not decide alone."""

    def __init__(
        self,
        *,
        instructions: str,
        questions: OpenQuestions,
        attaching: Attaching,
        greeting: str,
        before_exit: Callable[[], Awaitable[None]],
    ) -> None:
        self._questions = questions
        self._attaching = attaching
        self._greeting = greeting
        self._before_exit = before_exit
        super().__init__(instructions=instructions)

    async def on_enter(self) -> None:
        """Greet the customer."""
        try:
            await session_of(self).say(self._greeting)
        except Exception:  # noqa: BLE001  The border to speech engines of any make: we can still
            # listen, and a conversation without a greeting beats none.
            _log.exception("greeting_failed")

    async def on_exit(self) -> None:
        """Let go of the open questions: the session is being closed."""
        await self._before_exit()

    @function_tool
    async def ask_human(self, question: str, context: str = "") -> str:
        """Ask a colleague what you must not decide alone.

        Use it for discounts, refunds, exceptions, complaints, and facts that only staff know.
        It returns at once; you are told later when somebody has answered.

        Args:
            question: One clear question that a colleague can answer without having heard the
                conversation.
            context: What the customer said and what else matters for the answer.
        """
        # Models pass whatever they like, and a tool that raises is only logged by the runtime:
        # the model would see no result and believe that it had asked.
        wanted, background = _clean(question), _clean(context)
        if not wanted:
            return "Not asked: the question was empty. Call the tool again with a question."
        try:
            attached = self._attaching.attach(context_of(self).items)
            ticket = self._questions.ask(wanted, background or None, attached)
        except TooManyQuestionsError:
            return "Not asked: too many questions are open. Wait until one of them is answered."
        except ConversationEndedError:
            return "Not asked: the conversation is over."
        except Exception:  # noqa: BLE001  The border: the runtime would hide it from the model.
            _log.exception("tool_failed")
            return "Not asked: something went wrong. Say that you can't ask a colleague now."
        return (
            f"{ASKED} Ticket {ticket}. A colleague has the question now; an answer can take "
            "minutes. Tell the customer that you asked, and go on talking with them. Don't guess "
            "the answer and promise nothing. You will be told as soon as there is one."
        )

    @function_tool
    async def reply_to_colleague(self, ticket: str, reply: str) -> str:
        """Pass the customer's reply on to a colleague who asked something back.

        Use it only after a notice that a colleague wants to know something, once the customer has
        replied.

        Args:
            ticket: The ticket that stands in the notice.
            reply: What the customer replied, in their words.
        """
        words = _clean(reply)
        if not words:
            return "Not passed on: the reply was empty. Ask the customer again."
        try:
            known = self._questions.reply(_clean(ticket), words)
        except NothingAskedError:
            return "Not passed on: no colleague waits for a reply about this ticket."
        except Exception:  # noqa: BLE001  The border: the runtime would hide it from the model.
            _log.exception("tool_failed")
            return (
                "Not passed on: something went wrong. Say that you can't reach the colleague now."
            )
        return (
            f"{PASSED_ON} Ticket {known}. The colleague has the reply and will answer the "
            "question. Tell the customer that you passed it on, and go on talking with them."
        )


def _clean(text: object) -> str:
    """Make a text that the gateway takes: no control of the wire in it, and not too long."""
    plain = str(text).replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return plain.strip()[:TEXT_LIMIT]
