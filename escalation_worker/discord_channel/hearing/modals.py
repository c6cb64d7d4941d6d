"""The forms that a control opens, and what was written or chosen in them.

A form that was opened is not remembered: what comes back names its question and its fields by
their ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, assert_never, cast

import discord

from escalation_worker.discord_channel.showing.controls import Act, ControlId
from shared.answer_form import (
    FIELD_LIMIT,
    AnswerForm,
    ChoiceField,
    FormField,
    NumberField,
    TextField,
    TextFormat,
    YesNoField,
)
from shared.escalation import REASON_LIMIT
from shared.question import QUESTION_LIMIT
from shared.texts import cut, one_line

FIELDS_ROOM: Final = 5
"""Fields in one form, which is one page of an agent's."""
TITLE_ROOM: Final = 45
LABEL_ROOM: Final = 45
HINT_ROOM: Final = 100
"""Of the words under a label."""
_BETWEEN: Final = " · "
OPTION_ROOM: Final = 100
YES: Final = "yes"
NO: Final = "no"
TEXT: Final = "text"
"""The one field of every form but those that an agent made."""

_TITLES: Final = {
    Act.ANSWER: ("Answer the agent", "Your answer", QUESTION_LIMIT, True),
    Act.ASK_BACK: ("Ask the agent back", "What do you need to know?", QUESTION_LIMIT, True),
    Act.APPROVE: ("Approve", "Why? The agent is told.", REASON_LIMIT, False),
    Act.DENY: ("Deny", "Why? The agent is told.", REASON_LIMIT, False),
    Act.DECLINE: ("Decline to answer", "Why? The agent is told.", REASON_LIMIT, False),
}

_FORMATS: Final = {
    TextFormat.EMAIL: "an e-mail address",
    TextFormat.URI: "an address, such as https://example.org/",
    TextFormat.DATE: "a date, such as 2026-11-22",
    TextFormat.DATE_TIME: "date and time, such as 2026-11-22T14:30:00+01:00",
}


def opens_form(act: Act, *, wants_reasons: bool = False) -> bool:
    """Whether a control asks for a text before anything is done."""
    return act in _TITLES and (act is not Act.APPROVE or wants_reasons)


def text_form(
    act: Act, escalation_id: str, *, wants_reasons: bool = False, written: str | None = None
) -> discord.ui.Modal:
    """Make a form with one text, in which something may be written already."""
    title, label, room, required = _TITLES[act]
    required = required or (wants_reasons and act in {Act.APPROVE, Act.DENY})
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


def pages_of(form: AnswerForm) -> Sequence[Sequence[str]]:
    """Part an agent's form into pages: the names of their fields."""
    names = list(form.properties)
    return [names[start : start + FIELDS_ROOM] for start in range(0, len(names), FIELDS_ROOM)]


def answer_form(
    escalation_id: str, form: AnswerForm, page: int, written: Mapping[str, str]
) -> discord.ui.Modal:
    """Make one page of the form that the agent wants filled in, with what was written before."""
    pages = pages_of(form)
    title = "Fill in the form" + (f" (page {page + 1} of {len(pages)})" if len(pages) > 1 else "")
    return _modal(
        ControlId(Act.FILL_IN, escalation_id, page, form=True),
        title,
        [_labelled(form, name, written.get(name)) for name in pages[page]],
    )


def _labelled(form: AnswerForm, name: str, written: str | None) -> discord.ui.Label[Any]:
    """Make a field with its label, filled in with what was written, or else with its default."""
    field, required = form.properties[name], name in form.required
    shown = _default(field) if written is None else written
    says = hint(field) or None
    label = cut(one_line(form.label(name)), LABEL_ROOM)
    if isinstance(field, ChoiceField | YesNoField):
        menu = _menu(name, field, shown, required=required)
        return discord.ui.Label(text=label, description=says, component=menu)
    # The hint stands over it, not in it: there it would be hidden by what was written before.
    text: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=name, style=discord.TextStyle.short, required=required, default=shown
    )
    return discord.ui.Label(text=label, description=says, component=text)


def _menu(
    name: str, field: ChoiceField | YesNoField, shown: str | None, *, required: bool
) -> discord.ui.Select[Any]:
    """Make a menu of the few answers that a field takes."""
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=name, min_values=1 if required else 0, required=required
    )
    for value, label in _choices(field):
        menu.add_option(
            label=cut(one_line(label), OPTION_ROOM), value=value, default=value == shown
        )
    return menu


def _choices(field: ChoiceField | YesNoField) -> Sequence[tuple[str, str]]:
    if isinstance(field, YesNoField):
        return [(YES, "Yes"), (NO, "No")]
    return list(zip(field.enum, field.enum_names or field.enum, strict=True))


def written_in(interaction: discord.Interaction) -> dict[str, str]:
    """Read what was written or chosen in a form, by the fields' ids."""
    found: dict[str, str] = {}
    rows = cast("list[dict[str, Any]]", (interaction.data or {}).get("components", []))
    for row in rows:
        inner = [row["component"]] if "component" in row else row.get("components", [])
        for item in inner:
            chosen = item.get("values") or [""]
            found[str(item["custom_id"])] = str(item.get("value") or chosen[0])
    return found


def hint(field: FormField) -> str:
    """Say what a field takes: what the agent says of it, and, always whole, what is checked."""
    said, rule = one_line(field.description or ""), _rule(field)
    if not said or rule is None:
        return cut(said, HINT_ROOM) or rule or ""
    return f"{cut(said, HINT_ROOM - len(rule) - len(_BETWEEN))}{_BETWEEN}{rule}"


def _rule(field: FormField) -> str | None:
    match field:
        case NumberField():
            kind = "a whole number" if field.type == "integer" else "a number"
            least = "" if field.minimum is None else f" from {field.minimum:.15g}"
            most = "" if field.maximum is None else f" to {field.maximum:.15g}"
            return f"{kind}{least}{most}"
        case TextField():
            return None if field.format is None else _FORMATS[field.format]
        case ChoiceField() | YesNoField():
            return None  # its menu shows it
        case _:
            assert_never(field)


def _default(field: FormField) -> str | None:
    value = field.default
    if isinstance(value, bool):
        return YES if value else NO
    shown = None if value is None else str(value)
    return None if shown is None or len(shown) > FIELD_LIMIT else shown


def _modal(
    control: ControlId,
    title: str,
    fields: Sequence[discord.ui.TextInput[Any] | discord.ui.Label[Any]],
) -> discord.ui.Modal:
    modal = discord.ui.Modal(title=cut(title, TITLE_ROOM), custom_id=str(control))
    for field in fields:
        modal.add_item(field)
    # discord.py keeps forms that are not finished in memory. What comes back is heard by its id.
    modal.stop()
    return modal
