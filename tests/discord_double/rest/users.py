"""The bot itself and other users: who am I, where am I, direct messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_double import errors, payloads
from discord_double.acts import guilds
from discord_double.forms import Form
from discord_double.permissions import in_guild

from .call import Call, Reply, Route

if TYPE_CHECKING:
    from discord_double.model import JsonObject


def read_self(call: Call) -> Reply:
    return Reply(payloads.own_user(call.user))


def read_application(call: Call) -> Reply:
    guild = call.world.guild(next(iter(call.world.guilds)))
    return Reply(payloads.application(call.application, call.world.users[guild.owner_id]))


def read_user(call: Call) -> Reply:
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise errors.unknown_user()
    return Reply(payloads.user(user))


def list_guilds(call: Call) -> Reply:
    limit = call.query_number("limit", 200, least=1, most=200)
    after, before = call.query_id("after") or 0, call.query_id("before")
    ids = sorted(i for i in call.application.guild_ids if i > after and (not before or i < before))
    shown: list[JsonObject] = [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": guild.owner_id == call.user.id,
            "permissions": str(int(in_guild(guild, guild.members[call.user.id]))),
            "features": [],
        }
        for guild in (call.world.guilds[i] for i in ids[:limit])
    ]
    return Reply(shown)


def leave_guild(call: Call) -> Reply:
    guild = call.world.guild(call.id("guild_id"))
    guilds.remove_member(call.world, guild, call.user.id)
    return Reply()


def open_direct_channel(call: Call) -> Reply:
    form = Form(call.fields)
    user_id = form.snowflake("recipient_id", call.fields.get("recipient_id"))
    form.close()
    user = call.world.users.get(user_id or 0)
    if user is None:
        raise errors.unknown_user()
    if user.bot:
        raise errors.cannot_message_user()
    channel = call.world.direct_channel(call.user, user)
    return Reply(payloads.channel(channel, call.viewer))


ROUTES = (
    Route("GET", "/users/@me", read_self),
    Route("GET", "/applications/@me", read_application),
    Route("GET", "/oauth2/applications/@me", read_application),
    Route("GET", "/users/@me/guilds", list_guilds),
    Route("DELETE", "/users/@me/guilds/{guild_id}", leave_guild),
    Route("POST", "/users/@me/channels", open_direct_channel),
    Route("GET", "/users/{user_id}", read_user),
)
