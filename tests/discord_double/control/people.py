"""Acting as a person: POST people/{name}/{act}.

    write          channel_id, content?, reply_to?, files?  → the message
    dm             content                            → the message
    forward        message_id, channel_id             → the message
    poll           channel_id, question, answers      → the message
    edit           message_id, content                → the message
    delete         message_id
    react, unreact message_id, emoji
    type           channel_id
    click          message_id, button                 → the interaction
    choose         message_id, menu, values           → the interaction
    submit         interaction_id, values             → the interaction
    command        channel_id, name, options?         → the interaction
    complete       channel_id, name, focused, options → the interaction, with its choices
    start-thread   channel_id or message_id, name     → the thread
    edit-thread    channel_id, and what to change     → the thread
    delete-thread  channel_id
    join, leave    channel_id
    roles          roles                              (ids or names)

`files` are objects of name, content (base64) and content_type?.
Acts that open an interaction wait up to `wait` seconds (3) for the bot's first answer.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from discord_double.jsons import as_list, as_object, objects_in
from discord_double.uploads import Upload

from . import dump
from .endpoint import Endpoint, body_of, channel_in, message_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from discord_double.acts.interactions import Interaction
    from discord_double.model import JsonObject
    from discord_double.people import Person
    from discord_double.server import DiscordDouble

    Act = Callable[[DiscordDouble, Person, JsonObject], Awaitable[Any]]

ANSWER_WAIT = 3.0


async def act(double: DiscordDouble, request: web.Request) -> Any:
    """Let the named person do something."""
    run = ACTS.get(request.match_info["act"])
    if run is None:
        raise LookupError(f"no such act; there are {sorted(ACTS)}")
    person = double.person(request.match_info["name"])
    return await run(double, person, await body_of(request))


async def _write(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    channel = channel_in(double, body)
    target = body.get("reply_to")
    reply_to = None if target is None else double.world.message(channel, int(target))
    files = [_upload(each) for each in objects_in(body.get("files"))]
    content = str(body.get("content", "") if files else body["content"])
    message = await who.write(channel, content, reply_to=reply_to, files=files)
    return dump.message(double, message)


def _upload(given: JsonObject) -> Upload:
    content = base64.b64decode(str(given["content"]), validate=True)
    return Upload(str(given["name"]), content, given.get("content_type"))


async def _write_directly(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    return dump.message(double, await who.write_directly(str(body["content"])))


async def _forward(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    message = await who.forward(message_in(double, body), channel_in(double, body))
    return dump.message(double, message)


async def _poll(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    answers = [str(each) for each in as_list(body["answers"])]
    place = channel_in(double, body)
    return dump.message(double, await who.ask_all(place, str(body["question"]), *answers))


async def _edit(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    message = await who.edit(message_in(double, body), str(body["content"]))
    return dump.message(double, message)


async def _delete(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.delete(message_in(double, body))


async def _react(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.react(message_in(double, body), str(body["emoji"]))


async def _unreact(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.unreact(message_in(double, body), str(body["emoji"]))


async def _type(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.start_typing(channel_in(double, body))


async def _click(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    opened = await who.click(message_in(double, body), str(body["button"]))
    return await _answered(double, opened, body)


async def _choose(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    values = [str(value) for value in as_list(body["values"])]
    opened = await who.choose(message_in(double, body), str(body["menu"]), *values)
    return await _answered(double, opened, body)


async def _submit(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    form = double.interaction(int(body["interaction_id"]))
    opened = await who.submit(form, as_object(body["values"]))
    return await _answered(double, opened, body)


async def _command(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    options = as_object(body.get("options"))
    opened = await who.command(channel_in(double, body), str(body["name"]), **options)
    return await _answered(double, opened, body)


async def _complete(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    options, place = as_object(body.get("options")), channel_in(double, body)
    opened = await who.complete(place, str(body["name"]), str(body["focused"]), **options)
    return await _answered(double, opened, body)


async def _start_thread(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    place = message_in(double, body) if "message_id" in body else channel_in(double, body)
    return dump.thread(double, await who.start_thread(place, str(body["name"])))


async def _edit_thread(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    changes = {key: value for key, value in body.items() if key != "channel_id"}
    return dump.thread(double, await who.edit_thread(channel_in(double, body), **changes))


async def _delete_thread(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.delete_thread(channel_in(double, body))


async def _join(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.join(channel_in(double, body))


async def _leave(double: DiscordDouble, who: Person, body: JsonObject) -> Any:
    await who.leave(channel_in(double, body))


async def _hold_roles(_: DiscordDouble, who: Person, body: JsonObject) -> Any:
    roles = (str(role) for role in as_list(body["roles"]))
    await who.set_roles(*(int(role) if role.isdigit() else role for role in roles))


async def _answered(double: DiscordDouble, opened: Interaction, body: JsonObject) -> Any:
    """Show an interaction once the bot answered it, or as it is when the wait is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(float(body.get("wait", ANSWER_WAIT))):
            await double.until(lambda: opened.is_acknowledged)
    return dump.interaction(double, opened)


ACTS: dict[str, Act] = {
    "write": _write,
    "dm": _write_directly,
    "forward": _forward,
    "poll": _poll,
    "edit": _edit,
    "delete": _delete,
    "react": _react,
    "unreact": _unreact,
    "type": _type,
    "click": _click,
    "choose": _choose,
    "submit": _submit,
    "command": _command,
    "complete": _complete,
    "start-thread": _start_thread,
    "edit-thread": _edit_thread,
    "delete-thread": _delete_thread,
    "join": _join,
    "leave": _leave,
    "roles": _hold_roles,
}

ENDPOINTS = (Endpoint("POST", "people/{name}/{act}", act),)
