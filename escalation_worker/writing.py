"""What somebody wrote where a question is shown: its answer, a question back, or only talk."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from escalation_worker.answering import Answering
from escalation_worker.discussing import Discussing
from escalation_worker.sending import ASKS_BACK, Sending
from shared.ports.replies import InboundReply, ReplyVerdict

_OF_AN_OPEN_QUESTION: Final = frozenset({ReplyVerdict.WRITTEN, ReplyVerdict.WRITTEN_IN_VAIN})
"""What one who may answer wrote, and nobody passed on."""


class Writing:
    """Tells a question back from an answer, and both from what waits for Send."""

    def __init__(self, answering: Answering, discussing: Discussing, sending: Sending) -> None:
        self._answering = answering
        self._discussing = discussing
        self._sending = sending

    async def wrote(self, reply: InboundReply) -> ReplyVerdict:
        """Take in a message.

        Raises:
            StoreUnavailableError: It is not known to be decided; try the same message again.
        """
        text = reply.text.strip()
        if text.startswith(ASKS_BACK):
            asked = replace(reply, text=text.removeprefix(ASKS_BACK))
            return await self._discussing.ask_back(asked)
        talk = await self._sending.wrote(reply)
        if talk in _OF_AN_OPEN_QUESTION:
            await self._discussing.heard_of(reply)
        return await self._answering.answer(reply) if talk is None else talk
