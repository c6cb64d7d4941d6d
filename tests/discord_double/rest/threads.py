"""Threads: starting, listing, and who is in them. Editing goes by the channel's routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from discord_double import errors, payloads
from discord_double.acts import messages
from discord_double.acts import threads as acts
from discord_double.jsons import as_object
from discord_double.model import ChannelType, Thread
from discord_double.permissions import Permission

from .call import Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from discord_double.model import User


def start_from_message(call: Call) -> Reply:
    channel, message = call.message()
    plan = acts.read_plan(call.fields)
    thread = acts.start_from_message(call.world, call.user, channel, message, plan)
    return Reply(payloads.thread(thread, call.viewer), 201)


def start(call: Call) -> Reply:
    channel = call.channel()
    call.world.require(call.user, channel)
    if channel.type is ChannelType.FORUM:
        return _start_post(call)
    plan = acts.read_plan(call.fields, with_type=True)
    thread = acts.start_alone(call.world, call.user, channel, plan)
    return Reply(payloads.thread(thread, call.viewer), 201)


def _start_post(call: Call) -> Reply:
    """Start a forum's thread together with its first message, which shares its id."""
    plan = acts.read_plan(call.fields)
    first = as_object(call.fields.get("message"))
    draft = messages.read_draft(first, call.files)
    if not (draft.content or draft.embeds or draft.components or draft.attachments):
        raise errors.empty_message()
    thread = acts.start_post(call.world, call.user, call.channel(), plan)
    message = messages.post(call.world, call.user, thread, draft, message_id=thread.id)
    shown = payloads.thread(thread, call.viewer)
    return Reply(shown | {"message": payloads.message(call.world, message, call.viewer)}, 201)


def list_active(call: Call) -> Reply:
    """List the guild's active threads in sight, newest first, with the bot's memberships."""
    guild = call.world.guild(call.id("guild_id"))
    if call.user.id not in guild.members:
        raise errors.missing_access()
    seen = [t for t in call.world.active_threads(guild.id) if _sees(call, t)]
    return Reply(_listing(call, sorted(seen, key=lambda t: t.id, reverse=True)))


def list_archived_public(call: Call) -> Reply:
    return _archived_by_time(call, private=False)


def list_archived_private(call: Call) -> Reply:
    call.world.require(call.user, call.channel(), Permission.MANAGE_THREADS)
    return _archived_by_time(call, private=True)


def _archived_by_time(call: Call, *, private: bool) -> Reply:
    """Page through archived threads, the most recently archived first."""
    channel = call.channel()
    call.world.require(call.user, channel, Permission.READ_MESSAGE_HISTORY)
    limit = call.query_number("limit", 50, least=2, most=100)
    archived = [t for t in _threads_of(call, channel.id) if t.archived and t.is_private is private]
    archived.sort(key=lambda t: t.archive_changed_at, reverse=True)
    if before := call.query.get("before"):
        archived = [t for t in archived if t.archive_changed_at < _moment(before)]
    return Reply(_page(call, archived, limit))


def list_joined_private(call: Call) -> Reply:
    """Page through archived private threads that the bot is in, by id."""
    channel = call.channel()
    call.world.require(call.user, channel, Permission.READ_MESSAGE_HISTORY)
    limit = call.query_number("limit", 50, least=2, most=100)
    before = call.query_id("before")
    joined = [
        t
        for t in _threads_of(call, channel.id)
        if t.archived and t.is_private and call.user.id in t.members
    ]
    joined.sort(key=lambda t: t.id, reverse=True)
    return Reply(_page(call, [t for t in joined if before is None or t.id < before], limit))


def join(call: Call) -> Reply:
    acts.add_member(call.world, call.user, _thread(call), call.user)
    return Reply()


def leave(call: Call) -> Reply:
    acts.remove_member(call.world, call.user, _thread(call), call.user)
    return Reply()


def add_member(call: Call) -> Reply:
    acts.add_member(call.world, call.user, _thread(call), _other(call))
    return Reply()


def remove_member(call: Call) -> Reply:
    acts.remove_member(call.world, call.user, _thread(call), _other(call))
    return Reply()


def list_members(call: Call) -> Reply:
    thread = _thread(call)
    call.world.require(call.user, thread)
    if not call.application.server_members:
        raise errors.missing_access()
    return Reply([_member(call, thread, i) for i in thread.members])


def read_member(call: Call) -> Reply:
    thread = _thread(call)
    call.world.require(call.user, thread)
    user_id = call.user.id if call.params.get("user_id") == "@me" else call.id("user_id")
    if user_id not in thread.members:
        raise errors.unknown_member()
    return Reply(_member(call, thread, user_id))


def _member(call: Call, thread: Thread, user_id: int) -> dict[str, Any]:
    shown = payloads.thread_member(thread, thread.members[user_id])
    guild = call.world.guild_of(thread)
    if call.query_flag("with_member") and guild and user_id in guild.members:
        shown["member"] = payloads.member(guild.members[user_id])
    return shown


def _thread(call: Call) -> Thread:
    return call.world.thread(call.id("channel_id"))


def _other(call: Call) -> User:
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise errors.unknown_user()
    return user


def _threads_of(call: Call, parent_id: int) -> list[Thread]:
    return [
        c
        for c in call.world.channels.values()
        if isinstance(c, Thread) and c.parent_id == parent_id and _sees(call, c)
    ]


def _sees(call: Call, thread: Thread) -> bool:
    return Permission.VIEW_CHANNEL in call.world.permissions(call.user, thread)


def _page(call: Call, threads: list[Thread], limit: int) -> dict[str, Any]:
    return _listing(call, threads[:limit]) | {"has_more": len(threads) > limit}


def _listing(call: Call, threads: Iterable[Thread]) -> dict[str, Any]:
    shown = [payloads.thread(thread, call.viewer) for thread in threads]
    members = [thread.pop("member") for thread in shown if "member" in thread]
    return {"threads": shown, "members": members}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        problem = ("before", "DATE_TIME_TYPE_PARSE", f"Could not parse {text}.")
        raise errors.InvalidForm([problem]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_CHANNEL = "/channels/{channel_id}"
_MEMBERS = _CHANNEL + "/thread-members"

ROUTES = (
    Route("POST", _CHANNEL + "/messages/{message_id}/threads", start_from_message),
    Route("POST", _CHANNEL + "/threads", start),
    Route("GET", "/guilds/{guild_id}/threads/active", list_active),
    Route("GET", _CHANNEL + "/threads/archived/public", list_archived_public),
    Route("GET", _CHANNEL + "/threads/archived/private", list_archived_private),
    Route("GET", _CHANNEL + "/users/@me/threads/archived/private", list_joined_private),
    Route("GET", _MEMBERS, list_members),
    Route("PUT", _MEMBERS + "/@me", join),
    Route("DELETE", _MEMBERS + "/@me", leave),
    Route("GET", _MEMBERS + "/{user_id}", read_member),
    Route("PUT", _MEMBERS + "/{user_id}", add_member),
    Route("DELETE", _MEMBERS + "/{user_id}", remove_member),
)
