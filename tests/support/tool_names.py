"""The gateway's tools, in the order in which it lists them."""

from __future__ import annotations

from typing import Final

TOOLS: Final = [
    "ask_human",
    "request_approval",
    "send_to_operator",
    "check_answer",
    "cancel_question",
    "end_conversation",
    "confirm_delivery",
    "list_questions",
]
