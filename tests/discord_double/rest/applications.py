"""Application commands, and where the gateway is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_double import errors
from discord_double.commands import COMMANDS_MAX, CREATES_A_DAY, check_command
from discord_double.forms import Form
from discord_double.jsons import is_list, objects_in

from .call import Call, Reply, Route

if TYPE_CHECKING:
    from discord_double.model import JsonObject


def read_gateway(call: Call) -> Reply:
    return Reply({"url": call.world.gateway_url(call.host)})


def read_gateway_for_bot(call: Call) -> Reply:
    interval = call.world.settings.identify_interval
    limit = {
        "total": 1000,
        "remaining": max(0, call.application.identifies_left),
        "reset_after": 86_400_000,
        "max_concurrency": 1 if interval else 16,
    }
    url = call.world.gateway_url(call.host)
    return Reply({"url": url, "shards": 1, "session_start_limit": limit})


def list_commands(call: Call) -> Reply:
    return Reply(list(_commands(call).values()))


def sync_commands(call: Call) -> Reply:
    """Replace all commands of a scope by those given; equal names keep their ids."""
    if not is_list(call.body):
        raise errors.invalid_json()
    listed = objects_in(call.body)
    if len(listed) > COMMANDS_MAX:
        raise errors.too_many_commands(COMMANDS_MAX)
    names = [item.get("name") for item in listed]
    if len(set(map(str, names))) < len(names):
        why = "Application command names must be unique"
        raise errors.InvalidForm([("", "APPLICATION_COMMANDS_DUPLICATE_NAME", why)])
    ids = {command["name"]: int(command["id"]) for command in _commands(call).values()}
    fresh = [_command(call, item, ids.get(item.get("name"))) for item in listed]
    _count_new(call, sum(name not in ids for name in names))
    _commands(call).clear()
    _commands(call).update({int(command["id"]): command for command in fresh})
    return Reply(fresh)


def create_command(call: Call) -> Reply:
    """Add a command; one of the same name is replaced."""
    commands = _commands(call)
    name = call.fields.get("name")
    earlier = next((i for i, command in commands.items() if command["name"] == name), None)
    command = _command(call, call.fields, earlier)
    if earlier is None:
        if len(commands) >= COMMANDS_MAX:
            raise errors.too_many_commands(COMMANDS_MAX)
        _count_new(call, 1)
    commands[int(command["id"])] = command
    return Reply(command, 200 if earlier else 201)


def read_command(call: Call) -> Reply:
    return Reply(_one(call))


def edit_command(call: Call) -> Reply:
    command = _one(call)
    command |= _command(call, command | call.fields, int(command["id"]))
    return Reply(command)


def delete_command(call: Call) -> Reply:
    del _commands(call)[int(_one(call)["id"])]
    return Reply()


def _commands(call: Call) -> dict[int, JsonObject]:
    if call.id("application_id") != call.application.id:
        raise errors.missing_access()
    guild_id = _guild_id(call)
    here = call.application.guild_ids if call.application.commands_scope else set[int]()
    if guild_id is not None and guild_id not in here:
        raise errors.missing_access()
    return call.application.commands.setdefault(guild_id, {})


def _guild_id(call: Call) -> int | None:
    return call.id("guild_id") if "guild_id" in call.params else None


def _count_new(call: Call, count: int) -> None:
    """Count commands that are made: of each application, so many a day for each guild."""
    made = call.application.commands_made
    if count and made[_guild_id(call)] + count > CREATES_A_DAY:
        raise errors.too_many_command_creates(CREATES_A_DAY)
    made[_guild_id(call)] += count


def _one(call: Call) -> JsonObject:
    command = _commands(call).get(call.id("command_id"))
    if command is None:
        raise errors.unknown_command()
    return command


def _command(call: Call, item: JsonObject, command_id: int | None) -> JsonObject:
    form = Form(item)
    kind = item.get("type", 1)
    check_command(form)
    form.close()
    command: JsonObject = {
        "description": "",
        "options": [],
        "default_member_permissions": None,
        "nsfw": False,
        "name_localizations": None,
        "description_localizations": None,
        **item,
        "id": str(command_id or call.world.ids.next()),
        "application_id": str(call.application.id),
        "type": kind,
        "version": str(call.world.ids.next()),
    }
    if "guild_id" in call.params:
        command["guild_id"] = call.params["guild_id"]
    else:
        command.setdefault("contexts", None)
        command.setdefault("integration_types", [0])
    return command


_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"

ROUTES = (
    Route("GET", "/gateway", read_gateway, authenticated=False),
    Route("GET", "/gateway/bot", read_gateway_for_bot),
    *(
        route
        for base in (_GLOBAL, _GUILD)
        for route in (
            Route("GET", base, list_commands),
            Route("PUT", base, sync_commands),
            Route("POST", base, create_command),
            Route("GET", base + "/{command_id}", read_command),
            Route("PATCH", base + "/{command_id}", edit_command),
            Route("DELETE", base + "/{command_id}", delete_command),
        )
    ),
)
