"""The page itself: one channel or thread, as the person whom the reader chose sees it."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from aiohttp import web

from discord_double import defaults
from discord_double.model import Channel, ChannelType, Thread

from .controls import hidden, modal
from .messages import Reader, alone, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_double.acts.interactions import Interaction
    from discord_double.server import DiscordDouble

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "page.css").read_text("utf-8")
_SCRIPT: Final = (_HERE / "page.js").read_text("utf-8")


def show(double: DiscordDouble, request: web.Request) -> web.Response:
    """Show the channel that the query names, as the person that it names sees it."""
    wanted = request.query.get("channel", "")
    channel = double.world.channels.get(int(wanted) if wanted.isdigit() else 0)
    channel = channel or double.channel
    name = request.query.get("as", next(iter(defaults.OPERATORS)))
    member = double.guild.member_named(name)
    people = {m.user.id: m.name for m in double.guild.members.values() if not m.user.bot}
    reader = Reader(double, channel, name, member.user.id if member else 0, people)
    opened = _opened(double, request.query.get("form", ""))
    shown = [*(message(reader, each) for each in channel.messages), *alone(reader)]
    body = (
        f"<nav><h1>{escape(double.guild.name)}</h1>{_places(double, channel, name)}"
        f"{_who(people, channel, name)}</nav>"
        f"<main><h2>{escape(_title(channel))}</h2><section>"
        f"{''.join(shown) or '<p class=note>Nothing yet.</p>'}</section>"
        f"{_notice(request.query.get('note', ''))}{_composer(channel, name)}</main>"
        f"{modal(opened, channel, name, people) if opened else ''}"
    )
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{escape(_title(channel))} · {escape(double.guild.name)}, a stand-in</title>"
        f"<style>{_STYLE}</style>"
        f"<body data-revision={double.world.revision}>{body}<script>{_SCRIPT}</script></html>"
    )
    return web.Response(text=page, content_type="text/html")


def _opened(double: DiscordDouble, wanted: str) -> Interaction | None:
    with suppress(LookupError):
        return double.interaction(int(wanted) if wanted.isdigit() else 0)
    return None


def _title(channel: Channel) -> str:
    if channel.type is ChannelType.DM:
        return "@" + ", ".join(user.username for user in channel.recipients)
    if isinstance(channel, Thread):
        marks = ["archived"] * channel.archived + ["locked"] * channel.locked
        return channel.name + (f" ({', '.join(marks)})" if marks else "")
    return "#" + channel.name


def _who(people: Mapping[int, str], channel: Channel, name: str) -> str:
    options = "".join(
        f"<option{' selected' if person == name else ''}>{escape(person)}"
        for person in people.values()
    )
    return (
        f"<form class=who action=/><input type=hidden name=channel value={channel.id}>"
        f"<label>You are <select name=as onchange=this.form.submit()>{options}</select></label>"
        "<p class=note>A stand-in for Discord, without login: be whoever you like.</p></form>"
    )


def _places(double: DiscordDouble, now: Channel, name: str) -> str:
    channels = list(double.world.channels.values())
    by_parent: dict[int | None, list[Thread]] = {}
    for channel in channels:
        if isinstance(channel, Thread):
            by_parent.setdefault(channel.parent_id, []).append(channel)

    def item(channel: Channel, inner: str = "") -> str:
        old = isinstance(channel, Thread) and channel.archived
        marks = " ".join(["now"] * (channel is now) + ["old"] * old)
        target = f"/?channel={channel.id}&amp;as={quote(name)}"
        return f"<li class='{marks}'><a href='{target}'>{escape(_title(channel))}</a>{inner}</li>"

    shown: list[str] = []
    for channel in channels:
        if not isinstance(channel, Thread):
            newest_first = reversed(by_parent.get(channel.id, []))
            inner = "".join(item(thread) for thread in newest_first)
            shown.append(item(channel, f"<ul>{inner}</ul>" if inner else ""))
    return f"<ul>{''.join(shown)}</ul>"


def _notice(text: str) -> str:
    return f"<p class=notice role=alert>{escape(text)}</p>" if text else ""


def _composer(channel: Channel, name: str) -> str:
    return (
        f"<form class=composer method=post action=/_page/say>{hidden(channel, name)}"
        f"<input type=text name=content autofocus autocomplete=off aria-label=Message "
        f"placeholder='Message {escape(_title(channel))}, or /pending'>"
        "<button class=primary>Send</button></form>"
    )
