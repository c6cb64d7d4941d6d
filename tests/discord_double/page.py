"""A plain page for people: channels, threads and messages, and a line to answer on.

Whoever opens it acts as one of the members, without any login: the double is for
loopback and for demonstrations. All text from outside is escaped.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from . import defaults
from .errors import Refusal
from .forms import BUTTON, inputs_of, interactive
from .jsons import as_object, objects_in
from .markup import as_html
from .model import ChannelType, MessageType, Thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from .acts.interactions import Interaction
    from .model import Channel, JsonObject, Message
    from .server import DiscordDouble

    Action = Callable[[DiscordDouble, "_Form"], Awaitable[int | None]]

ANSWER_WAIT = 3.0
_STYLE = """
body{margin:0;display:grid;grid-template-columns:17rem 1fr;min-height:100vh;
font:15px/1.45 system-ui,sans-serif;background:#313338;color:#dbdee1}
nav{background:#2b2d31;padding:1rem;overflow:auto}main{padding:1rem;overflow:auto}
a{color:#8ab4f8;text-decoration:none}li.now>a{font-weight:600;color:#fff}
ul{list-style:none;padding-left:.8rem;margin:.3rem 0}.old{opacity:.55}
article{margin:.6rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
article>header{color:#949ba4;font-size:.85rem}b{color:#fff}
.at{background:#3c4270;color:#c9cdfb;border-radius:3px;padding:0 .15em}
.moment{background:#3f4147;border-radius:3px;padding:0 .15em}
.embed{border-left:4px solid #5865f2;background:#2b2d31;padding:.5rem .8rem;max-width:46rem;
border-radius:4px}form{display:inline}button{background:#4e5058;color:#fff;border:0;
border-radius:4px;padding:.35rem .8rem;cursor:pointer}button[disabled]{opacity:.5}
input[type=text],textarea{background:#383a40;color:#fff;border:0;border-radius:6px;
padding:.6rem;width:min(46rem,70%);font:inherit}.alone,.note{color:#949ba4;font-style:italic}
"""
# Looks for news every second, and leaves the page alone while somebody is typing on it.
_SCRIPT = """
const seen=document.body.dataset.revision;
setInterval(async()=>{
  if([...document.querySelectorAll('input[type=text],textarea')].some(i=>i.value))return;
  const news=await(await fetch('/_page/revision')).text();
  if(news!==seen)location.reload();
},1000);
window.scrollTo(0,document.body.scrollHeight);
"""


def routes(double: DiscordDouble) -> list[web.RouteDef]:
    """Return the routes behind the page's forms; the page itself is served at /."""

    async def revision(_: web.Request) -> web.Response:
        return web.Response(text=str(double.world.revision))

    actions: dict[str, Action] = {"say": _say, "click": _click, "submit": _submit}
    posts = [web.post(f"/_page/{name}", _posted(double, act)) for name, act in actions.items()]
    return [web.get("/_page/revision", revision), *posts]


def show(double: DiscordDouble, request: web.Request) -> web.Response:
    """Show the channel that the query names, as the person that it names sees it."""
    wanted = request.query.get("channel", "")
    channel = double.world.channels.get(int(wanted) if wanted.isdigit() else 0)
    channel = channel or double.channel
    name = request.query.get("as", next(iter(defaults.OPERATORS)))
    reader = double.guild.member_named(name)
    reader_id = reader.user.id if reader else 0
    opened = _opened(double, request.query.get("form", ""))
    shown = [
        *(_message(double, message, channel, name) for message in channel.messages),
        *_alone(double, channel, name, reader_id),
    ]
    body = (
        f"<nav>{_who(double, channel, name)}{_places(double, channel, name)}</nav>"
        f"<main><h2>{escape(_title(channel))}</h2>"
        f"{''.join(shown) or '<p class=note>Nothing yet.</p>'}"
        f"{_modal(opened, channel, name) if opened else ''}"
        f"{_notice(request.query.get('note', ''))}{_composer(channel, name)}</main>"
    )
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{escape(double.guild.name)}</title><style>{_STYLE}</style>"
        f"<body data-revision={double.world.revision}>{body}<script>{_SCRIPT}</script></html>"
    )
    return web.Response(text=page, content_type="text/html")


class _Form:
    """What a form of the page sent."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.name = fields.get("as", "")
        self.channel_id = int(fields.get("channel", "0"))


def _posted(
    double: DiscordDouble, act: Action
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        posted = await request.post()
        form = _Form({key: value for key, value in posted.items() if isinstance(value, str)})
        query = {"channel": str(form.channel_id), "as": form.name}
        try:
            opened = await act(double, form)
        except (Refusal, LookupError, ValueError) as refusal:
            query["note"] = str(refusal)
        else:
            if opened is not None:
                query["form"] = str(opened)
        raise web.HTTPSeeOther(request.url.with_path("/").with_query(query).relative())

    return handle


async def _say(double: DiscordDouble, form: _Form) -> None:
    await double.person(form.name).write(form.channel_id, form.fields["content"])


async def _click(double: DiscordDouble, form: _Form) -> int | None:
    message_id = int(form.fields["message"])
    message = double.world.find_message(message_id)
    if message is None:
        own = (m for i in double.world.interactions.values() for m in i.messages)
        message = next(m for m in own if m.id == message_id)
    opened = await double.person(form.name).click(message, form.fields["button"])
    return await _first_answer(double, opened)


async def _submit(double: DiscordDouble, form: _Form) -> int | None:
    opened = double.interaction(int(form.fields["form"]))
    values = {
        key.removeprefix("field:"): value
        for key, value in form.fields.items()
        if key.startswith("field:")
    }
    sent = await double.person(form.name).submit(opened, values)
    return await _first_answer(double, sent)


async def _first_answer(double: DiscordDouble, opened: Interaction) -> int | None:
    """Wait for the bot, and return the interaction's id if it opened a form."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_WAIT):
            await double.until(lambda: opened.is_acknowledged)
    if not opened.is_acknowledged:
        raise LookupError("This interaction failed: the bot did not answer in time.")
    return opened.id if opened.modal else None


def _opened(double: DiscordDouble, wanted: str) -> Interaction | None:
    with suppress(LookupError):
        return double.interaction(int(wanted) if wanted.isdigit() else 0)
    return None


# -- rendering ----------------------------------------------------------------


def _title(channel: Channel) -> str:
    if channel.type is ChannelType.DM:
        return "@" + ", ".join(user.username for user in channel.recipients)
    if isinstance(channel, Thread):
        marks = ["archived"] * channel.archived + ["locked"] * channel.locked
        return channel.name + (f" ({', '.join(marks)})" if marks else "")
    return "#" + channel.name


def _link(channel: Channel, name: str, text: str) -> str:
    return f"<a href='/?channel={channel.id}&amp;as={quote(name)}'>{escape(text)}</a>"


def _who(double: DiscordDouble, channel: Channel, name: str) -> str:
    people = [m.name for m in double.guild.members.values() if not m.user.bot]
    options = "".join(
        f"<option{' selected' if person == name else ''}>{escape(person)}" for person in people
    )
    return (
        f"<form action=/><input type=hidden name=channel value={channel.id}>"
        f"<label>You are <select name=as onchange=this.form.submit()>{options}</select></label>"
        f"</form>"
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
        return f"<li class='{marks}'>{_link(channel, name, _title(channel))}{inner}</li>"

    shown: list[str] = []
    for channel in channels:
        if not isinstance(channel, Thread):
            newest_first = reversed(by_parent.get(channel.id, []))
            inner = "".join(item(thread) for thread in newest_first)
            shown.append(item(channel, f"<ul>{inner}</ul>" if inner else ""))
    return f"<ul>{''.join(shown)}</ul>"


def _message(double: DiscordDouble, message: Message, channel: Channel, name: str) -> str:
    if message.type is MessageType.THREAD_STARTER:
        parent = double.world.channels.get(channel.parent_id or 0)
        starter = parent.messages.get(channel.id) if parent else None
        return _message(double, starter, channel, name) if starter else ""
    author = message.author.global_name or message.author.username
    when = message.created_at.strftime("%H:%M:%S")
    edited = " (edited)" if message.edited_at else ""
    parts = [
        f"<header><b>{escape(author)}</b> {when}{edited}</header>{_shown(double, message.content)}",
        *(_embed(double, embed) for embed in message.embeds),
        _buttons(message, channel, name),
    ]
    if message.reactions:
        counts = (f"{key} {len(users)}" for key, users in message.reactions.items())
        parts.append(f"<div class=note>{escape('  '.join(counts))}</div>")
    thread = double.world.channels.get(message.id)
    if thread is not None and thread is not channel:
        parts.append(f"<div>{_link(thread, name, 'Thread: ' + thread.name)}</div>")
    return f"<article>{''.join(parts)}</article>"


def _alone(double: DiscordDouble, channel: Channel, name: str, reader: int) -> Iterable[str]:
    """Show the messages in a channel that only this reader sees."""
    for interaction in double.world.interactions.values():
        for message in interaction.messages:
            if message.only_for == reader and message.channel_id == channel.id:
                shown = _message(double, message, channel, name)
                yield f"{shown}<p class=alone>Only you can see this.</p>"


def _shown(double: DiscordDouble, text: object) -> str:
    """Render what somebody wrote, with the names of whoever is mentioned."""

    def name_of(mentioned: int) -> str | None:
        known = double.guild.members.get(mentioned) or double.guild.roles.get(mentioned)
        return known.name if known else None

    return as_html(str(text), name_of)


def _embed(double: DiscordDouble, embed: JsonObject) -> str:
    lines = [f"<b>{escape(str(embed['title']))}</b>"] if embed.get("title") else []
    if embed.get("description"):
        lines.append(_shown(double, embed["description"]))
    lines += [
        f"<b>{escape(str(item['name']))}</b>\n{_shown(double, item['value'])}"
        for item in objects_in(embed.get("fields"))
    ]
    if footer := as_object(embed.get("footer")).get("text"):
        lines.append(f"<span class=note>{escape(str(footer))}</span>")
    text = "\n".join(lines)
    return f"<div class=embed>{text}</div>"


def _buttons(message: Message, channel: Channel, name: str) -> str:
    shown: list[str] = []
    for item in interactive(message.components):
        if item["type"] == BUTTON:
            label = item.get("label") or as_object(item.get("emoji")).get("name") or "?"
            shown.append(
                f"<form method=post action=/_page/click>{_hidden(channel, name)}"
                f"<input type=hidden name=message value={message.id}>"
                f"<button name=button value='{escape(str(item['custom_id']))}'"
                f"{' disabled' if item.get('disabled') else ''}>{escape(str(label))}</button>"
                f"</form> "
            )
    return f"<div>{''.join(shown)}</div>" if shown else ""


def _modal(opened: Interaction, channel: Channel, name: str) -> str:
    modal = opened.modal or {}
    fields: list[str] = []
    for row in objects_in(modal.get("components")):
        for item in inputs_of([row]):
            label = row.get("label") or item.get("label") or item["custom_id"]
            fields.append(
                f"<p><label>{escape(str(label))}<br>"
                f"<textarea name='field:{escape(str(item['custom_id']))}'>"
                f"{escape(str(item.get('value') or ''))}</textarea></label></p>"
            )
    return (
        f"<form method=post action=/_page/submit>{_hidden(channel, name)}"
        f"<input type=hidden name=form value={opened.id}>"
        f"<h3>{escape(str(modal.get('title', '')))}</h3>{''.join(fields)}"
        f"<button>Submit</button></form>"
    )


def _notice(text: str) -> str:
    return f"<p class=note>{escape(text)}</p>" if text else ""


def _composer(channel: Channel, name: str) -> str:
    return (
        f"<form method=post action=/_page/say><p>{_hidden(channel, name)}"
        f"<input type=text name=content autofocus autocomplete=off "
        f"placeholder='Message {escape(_title(channel))}'> <button>Send</button></p></form>"
    )


def _hidden(channel: Channel, name: str) -> str:
    return (
        f"<input type=hidden name=channel value={channel.id}>"
        f"<input type=hidden name=as value='{escape(name)}'>"
    )
