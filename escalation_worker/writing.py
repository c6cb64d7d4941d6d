"""What somebody wrote where a question is shown: its answer, or a question back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from escalation_worker.answering import Answering
from escalation_worker.discussing import Discussing
from shared.ports import InboundReply, ReplyVerdict

ASKS_BACK: Final = "?"
"""What a message begins with that asks the agent."""


class Writing:
    """Tells a question back from an answer."""

    def __init__(self, answering: Answering, discussing: Discussing) -> None:
        self._answering = answering
        self._discussing = discussing

    async def wrote(self, reply: InboundReply) -> ReplyVerdict:
        """Take in a message.

        Raises:
            StoreUnavailableError: It is not known to be decided; try the same message again.
        """
        text = reply.text.strip()
        if text.startswith(ASKS_BACK):
            asked = replace(reply, text=text.removeprefix(ASKS_BACK))
            return await self._discussing.ask_back(asked)
        return await self._answering.answer(reply)
