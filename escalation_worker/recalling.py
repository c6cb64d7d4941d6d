"""The use-case: somebody wants to answer as it was answered before."""

from __future__ import annotations

from escalation_worker.operators import WhoMayAct, find_allowed
from escalation_worker.remembering import answer_in_words
from escalation_worker.unreadable import passing_over_unreadable
from shared.ports import EscalationStore, InboundReply, ReplyVerdict


class Recalling:
    """Reads the whole answer behind what is shown in short."""

    def __init__(self, store: EscalationStore, operators: WhoMayAct) -> None:
        self._store = store
        self._operators = operators

    async def recall(self, reply: InboundReply, number: int) -> str | ReplyVerdict:
        """Give the answer with this number (1 is the first that is shown), or say why not.

        It is not an answer yet: the person changes it or not, and sends it as any other.

        Raises:
            StoreUnavailableError: Try again later.
        """
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        shown = escalation.precedents or ()
        # Only what the question shows can be had: whoever may answer it may see that.
        if not 1 <= number <= len(shown):
            return ReplyVerdict.FORGOTTEN
        answer, known_id = None, shown[number - 1].id
        with passing_over_unreadable(known_id):
            known = await self._store.get(known_id)
            answer = None if known is None else answer_in_words(known)
        return ReplyVerdict.FORGOTTEN if answer is None else answer
