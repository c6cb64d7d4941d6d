"""One message as its readers see it: who, when, what, and all that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from discord_double import cdn
from discord_double.jsons import as_object, objects_in
from discord_double.model import MessageFlag, MessageType

from .controls import controls
from .markup import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from discord_double.model import Attachment, Channel, JsonObject, Message, User
    from discord_double.server import DiscordDouble

_HUES: Final = (235, 139, 32, 359, 290, 187)
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at which channel; also tells what the ids in a text stand for."""

    double: DiscordDouble
    channel_now: Channel
    name: str
    id: int
    people: Mapping[int, str]
    """Everybody whom the reader may choose, by id."""

    def user(self, user_id: int) -> str:
        """See `Names.user`."""
        member = self.double.guild.members.get(user_id)
        known = self.double.world.users.get(user_id)
        return member.name if member else known.username if known else "unknown-user"

    def role(self, role_id: int) -> str:
        """See `Names.role`."""
        role = self.double.guild.roles.get(role_id)
        return role.name if role else "deleted-role"

    def channel(self, channel_id: int) -> str:
        """See `Names.channel`."""
        channel = self.double.world.channels.get(channel_id)
        return channel.name if channel else "unknown"


def message(reader: Reader, what: Message) -> str:
    """Show a message; where a thread begins, the one that it was started from."""
    world = reader.double.world
    if what.type is MessageType.THREAD_STARTER:
        parent = world.channels.get(reader.channel_now.parent_id or 0)
        starter = parent.messages.get(reader.channel_now.id) if parent else None
        return message(reader, starter) if starter else ""
    parts = [
        _replied(reader, what),
        _header(reader, what),
        f"<div class=text>{_text(reader, what)}</div>",
        *(_attachment(reader, each, what) for each in what.attachments),
        *(_embed(reader, each) for each in what.embeds),
        _forwarded(reader, what),
        _poll(what),
        controls(what, reader.channel_now, reader.name, reader.people),
        _reactions(reader, what),
        _thread(reader, what),
    ]
    marks = ["ping"] if reader.id in what.mentions.users else []
    marks += ["alone"] if what.only_for is not None else []
    return f"<article class='{' '.join(marks)}'>{''.join(parts)}</article>"


def alone(reader: Reader) -> Iterator[str]:
    """Show the messages in a channel that only this reader sees."""
    for interaction in reader.double.world.interactions.values():
        for each in interaction.messages:
            if each.only_for == reader.id and each.channel_id == reader.channel_now.id:
                yield message(reader, each)


def _header(reader: Reader, what: Message) -> str:
    author = reader.user(what.author.id)
    badge = " <span class=badge>APP</span>" if what.author.bot else ""
    edited = " <small>(edited)</small>" if what.edited_at else ""
    only = " · Only you can see this." if what.only_for is not None else ""
    return (
        f"{_avatar(what.author, author)}<header><b>{escape(author)}</b>{badge} "
        f"<time datetime={what.created_at:%Y-%m-%dT%H:%M:%SZ} data-style=T>"
        f"{what.created_at:%H:%M:%S}</time>{edited}{only}</header>"
    )


def _avatar(author: User, name: str) -> str:
    hue = _HUES[(author.id >> 22) % len(_HUES)]
    return f"<span class=avatar style='--hue:{hue}' aria-hidden=true>{escape(name[:1])}</span>"


def _text(reader: Reader, what: Message) -> str:
    if MessageFlag.LOADING in what.flags:
        return "<span class=note>is thinking…</span>"
    return rendered(what.content, reader)


def _replied(reader: Reader, what: Message) -> str:
    if what.reference is None or what.forwarded is not None or what.type is not MessageType.REPLY:
        return ""
    to = reader.double.world.find_message(int(as_object(what.reference).get("message_id", 0)))
    if to is None:
        return "<p class=replied>↱ a message that was deleted</p>"
    words = to.content or next((str(e.get("title") or "") for e in to.embeds), "")
    name = reader.user(to.author.id)
    return f"<p class=replied>↱ <b>{escape(name)}</b> {escape(words[:80])}</p>"


def _forwarded(reader: Reader, what: Message) -> str:
    if what.forwarded is None:
        return ""
    inner = rendered(what.forwarded.content, reader)
    embeds = "".join(_embed(reader, each) for each in what.forwarded.embeds)
    return f"<blockquote><small>Forwarded</small>\n{inner}{embeds}</blockquote>"


def _poll(what: Message) -> str:
    if what.poll is None:
        return ""
    question = str(as_object(what.poll.get("question")).get("text"))
    answers = (
        str(as_object(each.get("poll_media")).get("text"))
        for each in objects_in(what.poll.get("answers"))
    )
    listed = "".join(f"<div class=item>{escape(each)}</div>" for each in answers)
    return f"<div class=embed><b>{escape(question)}</b>{listed}</div>"


def _attachment(reader: Reader, file: Attachment, what: Message) -> str:
    link = escape(cdn.link(reader.double.world, file, what.channel_id))
    name = escape(file.filename)
    if file.content_type in _IMAGES:
        return f"<a href='{link}'><img class=attached src='{link}' alt='{name}'></a>"
    return (
        f"<p class=file><a href='{link}'>{name}</a> <small>{len(file.content):,} bytes</small></p>"
    )


def _embed(reader: Reader, embed: JsonObject) -> str:
    lines: list[str] = []
    if title := str(embed.get("title") or ""):
        lines.append(f"<h4>{rendered(title, reader)}</h4>")
    if description := str(embed.get("description") or ""):
        lines.append(f"<div class=text>{rendered(description, reader)}</div>")
    shown = (
        f"<div class='field{' inline' if item.get('inline') else ''}'>"
        f"<b>{rendered(str(item['name']), reader)}</b>"
        f"<div class=text>{rendered(str(item['value']), reader)}</div></div>"
        for item in objects_in(embed.get("fields"))
    )
    if fields := "".join(shown):
        lines.append(f"<div class=fields>{fields}</div>")
    if footer := as_object(embed.get("footer")).get("text"):
        lines.append(f"<footer>{escape(str(footer))}</footer>")
    colour = embed.get("color")
    edge = f" style='border-color:#{int(colour):06x}'" if isinstance(colour, int) else ""
    return f"<div class=embed{edge}>{''.join(lines)}</div>"


def _reactions(reader: Reader, what: Message) -> str:
    shown = "".join(
        f"<span title='{escape(', '.join(map(reader.user, users)))}'>"
        f"{escape(key.partition(':')[0])} {len(users)}</span>"
        for key, users in what.reactions.items()
    )
    return f"<div class=reactions>{shown}</div>" if shown else ""


def _thread(reader: Reader, what: Message) -> str:
    thread = reader.double.world.channels.get(what.id)
    if thread is None or thread is reader.channel_now:
        return ""
    target = f"/?channel={thread.id}&amp;as={quote(reader.name)}"
    return f"<p class=thread><a href='{target}'>Thread: {escape(thread.name)} &rsaquo;</a></p>"
