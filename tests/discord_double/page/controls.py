"""Buttons, menus and forms of the bot's, as forms of the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from discord_double.forms import (
    BUTTON,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    filled_in_with,
    inputs_of,
    interactive,
)
from discord_double.jsons import as_object, objects_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_double.acts.interactions import Interaction
    from discord_double.model import Channel, JsonObject, Message

_STYLES: Final = {1: "primary", 2: "secondary", 3: "success", 4: "danger"}
_LINES: Final = 2  # a text input's style: several lines


def hidden(channel: Channel, name: str) -> str:
    """Say where somebody acts, and as whom."""
    return (
        f"<input type=hidden name=channel value={channel.id}>"
        f"<input type=hidden name=as value='{escape(name)}'>"
    )


def controls(message: Message, channel: Channel, name: str, people: Mapping[int, str]) -> str:
    """Show a message's buttons and menus."""
    about = f"{hidden(channel, name)}<input type=hidden name=message value={message.id}>"
    rows = (
        "".join(_control(item, about, people) for item in interactive([row]))
        for row in message.components
    )
    return "".join(f"<div class=controls>{row}</div>" for row in rows if row)


def _control(item: JsonObject, about: str, people: Mapping[int, str]) -> str:
    if item["type"] == BUTTON:
        return f"<form method=post action=/_page/click>{about}{_button(item)}</form>"
    if item["type"] not in SELECTS:
        return ""
    return (
        f"<form method=post action=/_page/choose>{about}"
        f"<input type=hidden name=menu value='{escape(str(item['custom_id']))}'>"
        f"{_menu(item, 'value', people, at_once=True)}"
        "<noscript><button>Choose</button></noscript></form>"
    )


def _button(item: JsonObject) -> str:
    emoji = str(as_object(item.get("emoji")).get("name") or "")
    words = " ".join(filter(None, [emoji, str(item.get("label") or "")]))
    style = _STYLES.get(item.get("style", 2), "secondary")
    disabled = " disabled" if item.get("disabled") else ""
    return (
        f"<button class={style} name=button value='{escape(str(item['custom_id']))}'{disabled}>"
        f"{escape(words)}</button>"
    )


def _menu(item: JsonObject, field: str, people: Mapping[int, str], *, at_once: bool = False) -> str:
    """Show a menu; `at_once` sends the choice as soon as it is made, as on a message."""
    if item["type"] == STRING_SELECT:
        choices = [(str(o["value"]), str(o["label"])) for o in objects_in(item.get("options"))]
    else:
        choices = [(str(user_id), name) for user_id, name in people.items()]
    chosen = filled_in_with(item)
    hint = escape(str(item.get("placeholder") or "Choose…"))
    options = "".join(
        f"<option value='{escape(value)}'{' selected' if value == chosen else ''}>{escape(label)}"
        for value, label in choices
    )
    sends = " onchange=this.form.submit()" if at_once else ""
    disabled = " disabled" if item.get("disabled") else ""
    return (
        f"<select name='{escape(field)}' aria-label='{hint}'{sends}{disabled}>"
        f"<option value=''>{hint}{options}</select>"
    )


def modal(opened: Interaction, channel: Channel, name: str, people: Mapping[int, str]) -> str:
    """Show the form that the bot opened, above everything else."""
    form = opened.modal or {}
    fields: list[str] = []
    for row in objects_in(form.get("components")):
        for item in inputs_of([row]):
            label = str(row.get("label") or item.get("label") or item["custom_id"])
            must = " <em>*</em>" if item.get("required", True) else ""
            about = row.get("description")
            hint = f"<small>{escape(str(about))}</small>" if about else ""
            fields.append(f"<label>{escape(label)}{must}{hint}{_field(item, people)}</label>")
    return (
        "<div class=veil><form class=modal method=post action=/_page/submit>"
        f"{hidden(channel, name)}<input type=hidden name=form value={opened.id}>"
        f"<h3>{escape(str(form.get('title', '')))}</h3>{''.join(fields)}"
        f"<p><a class=cancel href='/?channel={channel.id}&amp;as={escape(name)}'>Cancel</a>"
        "<button class=primary>Submit</button></p></form></div>"
    )


def _field(item: JsonObject, people: Mapping[int, str]) -> str:
    field = f"field:{item['custom_id']}"
    if item["type"] != TEXT_INPUT:
        return _menu(item, field, people)
    value, hint = escape(filled_in_with(item)), escape(str(item.get("placeholder") or ""))
    name, longest = escape(field), item.get("max_length") or 4000
    if item.get("style") == _LINES:
        return (
            f"<textarea name='{name}' rows=4 maxlength={longest} placeholder='{hint}'>"
            f"\n{value}</textarea>"
        )
    return (
        f"<input type=text name='{name}' maxlength={longest} placeholder='{hint}' value='{value}'>"
    )
