"""What the agent attaches to a question: the last of what was said, and what it knows.

So that a colleague need not ask back what the customer has told already. All of it goes to people
only, who read it as what it is: somebody's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from videosdk.agents import ChatMessage, ChatRole

from customer_agent.notices import Notices
from customer_agent.runtime import text_of
from shared.background import TURN_LIMIT, Background, Speaker, Turn
from shared.conversation import name_of_conversation
from shared.texts import is_blank

_SPEAKERS: Final = {ChatRole.USER: Speaker.CUSTOMER, ChatRole.ASSISTANT: Speaker.AGENT}


@dataclass(frozen=True, slots=True)
class Sharing:
    """How much goes along with a question."""

    turns: int = 10
    """Of the last that were said."""
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The same for every customer, such as which shop or line this is."""


class Attaching:
    """Puts together what goes along, in one conversation."""

    def __init__(
        self,
        notices: Notices,
        *,
        conversation_id: str,
        sharing: Sharing,
        clock: Callable[[], float],
    ) -> None:
        self._notices = notices
        self._conversation = name_of_conversation(conversation_id)
        self._sharing = sharing
        self._clock = clock
        self._began = clock()

    def attach(self, items: Iterable[object]) -> Background:
        """Read a chat's items, the newest last."""
        turns = [turn for item in items if (turn := self._turn(item)) is not None]
        talking = timedelta(seconds=self._clock() - self._began)
        return Background(
            turns=tuple(turns[-self._sharing.turns :]) if self._sharing.turns else (),
            facts={
                **self._sharing.facts,
                "Conversation": self._conversation,
                "Talking for": f"{talking // timedelta(minutes=1)} min",
            },
        )

    def _turn(self, item: object) -> Turn | None:
        """Read what somebody said; None for what is no part of the talk."""
        if not isinstance(item, ChatMessage) or item.role not in _SPEAKERS:
            return None
        speaker, text = _SPEAKERS[item.role], text_of(item)
        if (outcome := self._notices.read(text)) is not None:
            # What looks like the customer's is ours: it tells what a colleague said.
            speaker, text = Speaker.COLLEAGUE, outcome.answer or outcome.asked_back or ""
        plain = text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8").strip()
        if is_blank(plain):
            return None
        if len(plain) > TURN_LIMIT:
            plain = f"{plain[: TURN_LIMIT - 1].rstrip()}…"
        return Turn(speaker=speaker, text=plain)
