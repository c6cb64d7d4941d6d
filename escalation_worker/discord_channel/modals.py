"""The forms that a control opens, and what was written in them.

A form that was opened is not remembered: what comes back names its question and its fields by
their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import discord

from escalation_worker.discord_channel.controls import Act, ControlId
from shared.answer_form import (
    AnswerForm,
    ChoiceField,
    FormField,
    NumberField,
    TextField,
    YesNoField,
)
from shared.escalation import REASON_LIMIT, Escalation
from shared.question import QUESTION_LIMIT

FIELDS_ROOM: Final = 5
"""Text inputs in one form."""
TITLE_ROOM: Final = 45
LABEL_ROOM: Final = 45
PLACEHOLDER_ROOM: Final = 100
TEXT: Final = "text"
"""The one field of every form but those that an agent made."""

_TITLES: Final = {
    Act.ANSWER: ("Answer the agent", "Your answer", QUESTION_LIMIT, True),
    Act.ASK_BACK: ("Ask the agent back", "What do you need to know?", QUESTION_LIMIT, True),
    Act.DENY: ("Deny", "Why? The agent is told.", REASON_LIMIT, False),
    Act.DECLINE: ("Decline to answer", "Why? The agent is told.", REASON_LIMIT, False),
}


def opens_form(act: Act) -> bool:
    """Whether a control asks for more before anything is done."""
    return act in _TITLES or act is Act.FILL_IN


def text_form(act: Act, escalation_id: str, *, written: str | None = None) -> discord.ui.Modal:
    """Make a form with one text, in which something may be written already."""
    title, label, room, required = _TITLES[act]
    return _modal(
        ControlId(act, escalation_id, form=True),
        title,
        [
            discord.ui.TextInput(
                label=label,
                custom_id=TEXT,
                style=discord.TextStyle.paragraph,
                required=required,
                max_length=room,
                default=written,
            )
        ],
    )


def answer_form(
    escalation: Escalation, form: AnswerForm, written: Mapping[str, str] | None = None
) -> discord.ui.Modal:
    """Make the form that the agent wants filled in, with what was written before."""
    return _modal(
        ControlId(Act.FILL_IN, escalation.id, form=True),
        "Fill in the form",
        [
            discord.ui.TextInput(
                label=_cut(form.label(name), LABEL_ROOM),
                custom_id=name,
                style=discord.TextStyle.short,
                required=name in form.required,
                placeholder=_cut(hint(field), PLACEHOLDER_ROOM),
                default=(written or {}).get(name) or _default(field),
            )
            for name, field in form.properties.items()
        ],
    )


def written_in(interaction: discord.Interaction) -> dict[str, str]:
    """Read what was written in a form, by the fields' ids."""
    found: dict[str, str] = {}
    rows = cast("list[dict[str, Any]]", (interaction.data or {}).get("components", []))
    for row in rows:
        inner = [row["component"]] if "component" in row else row.get("components", [])
        for item in inner:
            found[str(item["custom_id"])] = str(item.get("value") or "")
    return found


def hint(field: FormField) -> str:
    """Say what a field takes."""
    parts = [field.description or ""]
    match field:
        case ChoiceField():
            parts.append("one of: " + ", ".join(field.enum))
        case YesNoField():
            parts.append("yes or no")
        case NumberField():
            parts.append("a whole number" if field.type == "integer" else "a number")
            if field.minimum is not None:
                parts.append(f"from {field.minimum:g}")
            if field.maximum is not None:
                parts.append(f"to {field.maximum:g}")
        case TextField():
            if field.format is not None:
                parts.append(str(field.format))
    return " ".join(part for part in parts if part)


def _default(field: FormField) -> str | None:
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)


def _modal(
    control: ControlId, title: str, fields: list[discord.ui.TextInput[Any]]
) -> discord.ui.Modal:
    modal = discord.ui.Modal(title=_cut(title, TITLE_ROOM), custom_id=str(control))
    for field in fields:
        modal.add_item(field)
    # discord.py keeps forms that are not finished in memory. What comes back is heard by its id.
    modal.stop()
    return modal


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
