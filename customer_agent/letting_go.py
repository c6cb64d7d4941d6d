"""What is done about a conversation's open questions when its customer is gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final

from customer_agent.gateway_client import Gateway, GatewayError, GatewayUnreachableError
from customer_agent.patience import Patience
from shared.conversation import name_of_conversation
from shared.crash_points import CrashPoint, crash_point
from shared.telemetry import get_logger

_log = get_logger(__name__)

_SECONDS: Final = 3.0
"""A conversation does not take longer to end; what the gateway was not told stays open."""


class LettingGo:
    """Lets go of one conversation's questions, those of earlier agents too."""

    def __init__(self, gateway: Gateway, conversation_id: str, patience: Patience) -> None:
        self._gateway = gateway
        self._conversation_id = conversation_id
        self._patience = patience

    async def as_routes_say(self) -> None:
        """Tell the gateway that the conversation ended: each question's route has its policy."""
        crash_point(CrashPoint.HANGING_UP)
        attempt, problem = 0, "timed out"
        try:
            async with asyncio.timeout(_SECONDS):
                while True:
                    try:
                        became = await self._gateway.end_conversation(
                            self._conversation_id, reason="the customer has left"
                        )
                    except GatewayUnreachableError as error:
                        # Some may be let go of already; to repeat it does no harm.
                        problem = str(error)
                        await asyncio.sleep(self._patience.retry_after(attempt))
                        attempt += 1
                    else:
                        break
        except (GatewayError, TimeoutError) as error:
            _log.warning(
                "conversation_end_not_told",
                conversation=name_of_conversation(self._conversation_id),
                problem=str(error) or problem,
            )
            return
        counts = Counter(became.values())
        _log.info(
            "conversation_ended",
            conversation=name_of_conversation(self._conversation_id),
            became=dict(counts),
        )

    async def cancel(self, known: Iterable[str]) -> None:
        """Take all of them back, whatever their routes say."""
        crash_point(CrashPoint.HANGING_UP)
        try:
            async with asyncio.timeout(_SECONDS):
                # A question may have been accepted although its id never reached us.
                listed = await self._gateway.list_questions(self._conversation_id)
                also = [each.escalation_id for each in listed if each.status.is_open]
                ids = list(dict.fromkeys([*known, *also]))
                for escalation_id in ids:
                    await self._gateway.cancel(escalation_id, reason="The customer has left.")
        except (GatewayError, TimeoutError) as error:
            _log.warning(
                "questions_not_cancelled",
                conversation=name_of_conversation(self._conversation_id),
                problem=str(error) or "timed out",
            )
            return
        _log.info(
            "questions_cancelled",
            conversation=name_of_conversation(self._conversation_id),
            count=len(ids),
        )
