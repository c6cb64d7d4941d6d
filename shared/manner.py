"""How people answer a question: what makes an answer of what they write, and who must say why.

A route says it, and a question's message tells it to people. The two may differ for a while after a
route was changed, so a question remembers what people were told last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.texts import Value


class AnswerMode(StrEnum):
    """What makes an answer of what a person writes."""

    FIRST_MESSAGE = "first_message"  # the first message is the answer
    SEND_BUTTON = "send_button"  # messages are joined until somebody presses Send


class DecisionReason(StrEnum):
    """Whether people must say why they approve or deny."""

    OPTIONAL = "optional"  # an approval counts at once; a denial asks why, and takes no reason too
    REQUIRED = "required"  # neither counts without a reason


@dataclass(frozen=True, slots=True)
class Manner:
    """What is said about it."""

    answer_mode: AnswerMode = AnswerMode.FIRST_MESSAGE
    decision_reason: DecisionReason = DecisionReason.OPTIONAL

    @property
    def waits_for_send(self) -> bool:
        """Whether a message is only talk, until whoever wrote it presses Send."""
        return self.answer_mode is AnswerMode.SEND_BUTTON

    @property
    def wants_reasons(self) -> bool:
        """Whether an approval and a denial count only with a reason."""
        return self.decision_reason is DecisionReason.REQUIRED


class MannerShown(Value):
    """What a question's message tells people about it."""

    manner: Manner = Manner()
    since: datetime | None = None
    """When an edit of the message last changed what makes an answer; None where none ever did."""
