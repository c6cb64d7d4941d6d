"""Polls: what one may ask, and how it is shown. Nobody votes in the double."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from .jsons import as_object
from .snowflakes import iso

if TYPE_CHECKING:
    from .forms import Form
    from .model import JsonObject

QUESTION_MAX: Final = 300
ANSWER_MAX: Final = 55
ANSWERS_MAX: Final = 10
HOURS_MAX: Final = 32 * 24
HOURS_DEFAULT: Final = 24


def read(form: Form) -> JsonObject | None:
    """Check the poll of a message's body, if there is one."""
    given = form.body.get("poll")
    if given is None:
        return None
    poll = as_object(given)
    question = as_object(poll.get("question")).get("text")
    form.text("poll.question.text", question, longest=QUESTION_MAX, required=True)
    answers = form.objects("poll.answers", poll.get("answers"), most=ANSWERS_MAX)
    if not answers:
        form.refuse("poll.answers", "BASE_TYPE_REQUIRED", "This field is required")
    for index, answer in enumerate(answers):
        text = as_object(answer.get("poll_media")).get("text")
        form.text(f"poll.answers.{index}.poll_media.text", text, longest=ANSWER_MAX, required=True)
    hours: Any = poll.get("duration", HOURS_DEFAULT)
    if isinstance(hours, float) and hours.is_integer():
        hours = int(hours)  # so discord.py sends them
    form.number("poll.duration", hours, least=1, most=HOURS_MAX)
    form.flag("poll.allow_multiselect", poll.get("allow_multiselect"))
    return {**poll, "answers": answers, "duration": hours}


def opened(poll: JsonObject) -> JsonObject:
    """Show a poll as it stands in a message: answers numbered, its end for its length."""
    return {
        "question": poll["question"],
        "answers": [
            {"answer_id": number, "poll_media": answer["poll_media"]}
            for number, answer in enumerate(poll["answers"], start=1)
        ],
        "expiry": iso(datetime.now(UTC) + timedelta(hours=poll["duration"])),
        "allow_multiselect": bool(poll.get("allow_multiselect")),
        "layout_type": 1,
    }
