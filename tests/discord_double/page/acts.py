"""What people do on the page: each form of it is one act of a person of the double's."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from discord_double.commands import INTEGER, NUMBER, option_kinds
from discord_double.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from discord_double.acts.interactions import Interaction
    from discord_double.model import Message
    from discord_double.people import Person
    from discord_double.server import DiscordDouble

    Act = Callable[[DiscordDouble, "Form"], Awaitable[int | None]]

ANSWER_SECONDS: Final = 3.0
_NAME: Final = re.compile(r"(?:[-\w]+(?!\S)\s*)*")
_MENTION: Final = re.compile(r"<@!?(\d{1,20})>")


class Form:
    """What a form of the page sent."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        self.name = fields.get("as", "")
        self.channel_id = int(fields.get("channel", "0"))

    def whose(self, double: DiscordDouble) -> Person:
        """Return the person who acts."""
        return double.person(self.name)


def routes(double: DiscordDouble) -> list[web.RouteDef]:
    """Return the routes behind the page's forms; the page itself is served at /."""

    async def revision(_: web.Request) -> web.Response:
        return web.Response(text=str(double.world.revision))

    acts: dict[str, Act] = {"say": _say, "click": _click, "choose": _choose, "submit": _submit}
    posts = [web.post(f"/_page/{name}", _posted(double, act)) for name, act in acts.items()]
    return [web.get("/_page/revision", revision), *posts]


def _posted(
    double: DiscordDouble, act: Act
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        posted = await request.post()
        form = Form({key: value for key, value in posted.items() if isinstance(value, str)})
        query = {"channel": str(form.channel_id), "as": form.name}
        try:
            opened = await act(double, form)
        except (Refusal, LookupError, TypeError, ValueError) as refusal:
            query["note"] = str(refusal)
        else:
            if opened is not None:
                query["form"] = str(opened)
        raise web.HTTPSeeOther(request.url.with_path("/").with_query(query).relative())

    return handle


async def _say(double: DiscordDouble, form: Form) -> int | None:
    content = form.fields["content"].strip()
    if content.startswith("/"):
        return await _command(double, form, content.removeprefix("/"))
    await form.whose(double).write(form.channel_id, content)
    return None


async def _command(double: DiscordDouble, form: Form, typed: str) -> int | None:
    """Use a slash command, typed as the app shows it: `/answer question:01J… text:Up to 10 %`."""
    begun = _NAME.match(typed)
    name = begun[0].strip() if begun else ""
    kinds = option_kinds(double.world, name)
    given = _options(typed.removeprefix(name), kinds)
    used = form.whose(double).command(form.channel_id, name, **given)
    return await _answer_to(double, await used)


def _options(typed: str, kinds: Mapping[str, int]) -> dict[str, Any]:
    """Read `option:value …`; only the command's own options end the value before them."""
    names = "|".join(map(re.escape, kinds)) or "(?!)"
    before, *parts = re.split(rf"(?:^|(?<=\s))({names}):", typed)
    if before.strip():
        options = ", ".join(f"{name}:" for name in kinds) or "none"
        raise ValueError(f"{before.strip()!r} belongs to no option; the options are {options}")
    values = zip(parts[::2], parts[1::2], strict=True)
    return {name: _value(kinds[name], value.strip()) for name, value in values}


def _value(kind: int, value: str) -> Any:
    """Read what was typed for an option: a number as one, a mention as the id in it."""
    if kind == INTEGER:
        return int(value)
    if kind == NUMBER:
        return float(value)
    mention = _MENTION.fullmatch(value)
    return mention[1] if mention else value


async def _click(double: DiscordDouble, form: Form) -> int | None:
    message = _message(double, form)
    clicked = await form.whose(double).click(message, form.fields["button"])
    return await _answer_to(double, clicked)


async def _choose(double: DiscordDouble, form: Form) -> int | None:
    message, menu = _message(double, form), form.fields["menu"]
    chosen = await form.whose(double).choose(message, menu, form.fields["value"])
    return await _answer_to(double, chosen)


async def _submit(double: DiscordDouble, form: Form) -> int | None:
    opened = double.interaction(int(form.fields["form"]))
    values = {
        key.removeprefix("field:"): value
        for key, value in form.fields.items()
        if key.startswith("field:")
    }
    sent = await form.whose(double).submit(opened, values)
    return await _answer_to(double, sent)


def _message(double: DiscordDouble, form: Form) -> Message:
    """Find the message whose button or menu was used, those that only one person sees included."""
    message_id = int(form.fields["message"])
    message = double.world.find_message(message_id)
    if message is not None:
        return message
    own = (m for i in double.world.interactions.values() for m in i.messages)
    return next(m for m in own if m.id == message_id)


async def _answer_to(double: DiscordDouble, opened: Interaction) -> int | None:
    """Wait for the bot, and return the interaction's id if it opened a form."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            await double.until(lambda: opened.is_acknowledged)
    if not opened.is_acknowledged:
        raise LookupError("This interaction failed: the bot did not answer in time.")
    return opened.id if opened.modal else None
