"""Messages: posting, reading, history, editing, deleting, reactions, pins and typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_double import errors, payloads
from discord_double.acts import messages as acts
from discord_double.forms import Form
from discord_double.permissions import Permission
from discord_double.snowflakes import iso

from .call import Call, Reply, Route

if TYPE_CHECKING:
    from discord_double.model import Message, User

BULK_DELETE = range(2, 101)


def create(call: Call) -> Reply:
    channel = call.channel()
    call.world.require(call.user, channel)
    draft = acts.read_draft(call.fields, call.files)
    message = acts.post(call.world, call.user, channel, draft)
    shown = payloads.message(call.world, message, call.viewer)
    return Reply(shown if message.nonce is None else shown | {"nonce": message.nonce})


def read(call: Call) -> Reply:
    channel, message = call.message()
    call.world.require(call.user, channel, Permission.READ_MESSAGE_HISTORY)
    return Reply(payloads.message(call.world, message, call.viewer))


def history(call: Call) -> Reply:
    """Return a page of messages, newest first.

    With `after`, the page holds the messages just after the id, that is the oldest that
    follow it, still listed newest first. Without READ_MESSAGE_HISTORY it is empty.
    """
    channel = call.channel()
    granted = call.world.require(call.user, channel)
    limit = call.query_number("limit", 50, least=1, most=100)
    marks = {key: call.query_id(key) for key in ("before", "after", "around") if key in call.query}
    if len(marks) > 1:
        form = Form({})
        for key in marks:
            form.refuse(key, "MUTUALLY_EXCLUSIVE", "Only one of before, after, around is allowed")
        form.close()
    if Permission.READ_MESSAGE_HISTORY not in granted:
        return Reply([])
    log = channel.messages
    match list(marks.items()):
        case [("before", mark)]:
            page = log.before(mark or 0, limit)
        case [("after", mark)]:
            page = log.after(mark or 0, limit)
        case [("around", mark)]:
            page = log.around(mark or 0, limit)
        case _:
            page = log.latest(limit)
    return Reply([payloads.message(call.world, m, call.viewer) for m in page])


def edit(call: Call) -> Reply:
    channel, message = call.message()
    draft = acts.read_draft(call.fields, call.files)
    acts.edit(call.world, call.user, channel, message, draft)
    return Reply(payloads.message(call.world, message, call.viewer))


def delete(call: Call) -> Reply:
    channel, message = call.message()
    acts.delete(call.world, call.user, channel, message)
    return Reply()


def bulk_delete(call: Call) -> Reply:
    channel = call.channel()
    ids = [int(i) for i in call.fields.get("messages", ())]
    if len(ids) not in BULK_DELETE:
        raise errors.bulk_delete_size()
    acts.delete_many(call.world, call.user, channel, ids)
    return Reply()


def react(call: Call) -> Reply:
    channel, message = call.message()
    acts.react(call.world, call.user, channel, message, call.params["emoji"])
    return Reply()


def unreact_own(call: Call) -> Reply:
    return _unreact(call, call.user)


def unreact_other(call: Call) -> Reply:
    whose = call.world.users.get(call.id("user_id"))
    if whose is None:
        raise errors.unknown_user()
    return _unreact(call, whose)


def _unreact(call: Call, whose: User) -> Reply:
    channel, message = call.message()
    acts.unreact(call.world, call.user, channel, message, call.params["emoji"], whose)
    return Reply()


def reacted_users(call: Call) -> Reply:
    _, message = call.message()
    limit = call.query_number("limit", 25, least=1, most=100)
    after = call.query_id("after") or 0
    ids = sorted(i for i in message.reactions.get(call.params["emoji"], ()) if i > after)
    return Reply([payloads.user(call.world.users[i]) for i in ids[:limit]])


def clear_reactions(call: Call) -> Reply:
    channel, message = call.message()
    acts.clear_reactions(call.world, call.user, channel, message, call.params.get("emoji"))
    return Reply()


def typing(call: Call) -> Reply:
    acts.start_typing(call.world, call.user, call.channel())
    return Reply()


def pins(call: Call) -> Reply:
    channel = call.channel()
    granted = call.world.require(call.user, channel)
    limit = call.query_number("limit", 50, least=1, most=50)
    pinned = [(m.pinned_at, m) for m in channel.messages if m.pinned_at is not None]
    pinned.sort(key=lambda pair: pair[0], reverse=True)
    if before := call.query.get("before"):
        pinned = [(at, m) for at, m in pinned if iso(at) < before]
    if Permission.READ_MESSAGE_HISTORY not in granted:
        pinned = []

    def item(message: Message) -> dict[str, object]:
        at = iso(message.pinned_at) if message.pinned_at else None
        return {
            "pinned_at": at,
            "message": payloads.message(call.world, message, call.viewer),
        }

    return Reply({"items": [item(m) for _, m in pinned[:limit]], "has_more": len(pinned) > limit})


def pin(call: Call) -> Reply:
    channel, message = call.message()
    acts.pin(call.world, call.user, channel, message, pinned=True)
    return Reply()


def unpin(call: Call) -> Reply:
    channel, message = call.message()
    acts.pin(call.world, call.user, channel, message, pinned=False)
    return Reply()


_ALL = "/channels/{channel_id}/messages"
_ONE = _ALL + "/{message_id}"
_EMOJI = _ONE + "/reactions/{emoji}"

ROUTES = (
    Route("POST", _ALL, create),
    Route("GET", _ALL, history),
    Route("POST", _ALL + "/bulk-delete", bulk_delete),
    Route("GET", _ALL + "/pins", pins),
    Route("PUT", _ALL + "/pins/{message_id}", pin),
    Route("DELETE", _ALL + "/pins/{message_id}", unpin),
    Route("GET", _ONE, read),
    Route("PATCH", _ONE, edit),
    Route("DELETE", _ONE, delete),
    Route("DELETE", _ONE + "/reactions", clear_reactions),
    Route("GET", _EMOJI, reacted_users),
    Route("DELETE", _EMOJI, clear_reactions),
    Route("PUT", _EMOJI + "/@me", react),
    Route("DELETE", _EMOJI + "/@me", unreact_own),
    Route("DELETE", _EMOJI + "/{user_id}", unreact_other),
    Route("POST", "/channels/{channel_id}/typing", typing),
)
