"""Interaction callbacks, and the followups that an interaction's token allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord_double import errors, payloads
from discord_double.acts import interactions as acts
from discord_double.acts.interactions import CallbackType
from discord_double.events import Viewer
from discord_double.model import MessageFlag

from .call import Call, Reply, Route

if TYPE_CHECKING:
    from discord_double.acts.interactions import Interaction
    from discord_double.model import Message


def callback(call: Call) -> Reply:
    interaction = acts.respond(
        call.world, call.id("interaction_id"), call.params["token"], call.fields, call.files
    )
    if not call.query_flag("with_response"):
        return Reply()
    about: dict[str, Any] = {"id": str(interaction.id), "type": int(interaction.type)}
    resource: dict[str, Any] = {"type": interaction.callback}
    response = interaction.response
    if response is not None:
        about |= {
            "response_message_id": str(response.id),
            "response_message_loading": MessageFlag.LOADING in response.flags,
            "response_message_ephemeral": MessageFlag.EPHEMERAL in response.flags,
        }
        if interaction.callback in {CallbackType.MESSAGE, CallbackType.UPDATE_MESSAGE}:
            resource["message"] = _shown(call, interaction, response)
    return Reply({"interaction": about, "resource": resource})


def follow_up(call: Call) -> Reply:
    interaction = _interaction(call)
    message = acts.follow_up(call.world, interaction, call.fields, call.files)
    return Reply(_shown(call, interaction, message))


def read(call: Call) -> Reply:
    interaction = _interaction(call)
    message = acts.message_of(interaction, call.params["message_id"])
    return Reply(_shown(call, interaction, message))


def edit(call: Call) -> Reply:
    interaction = _interaction(call)
    message = acts.message_of(interaction, call.params["message_id"])
    acts.edit(call.world, interaction, message, call.fields, call.files)
    return Reply(_shown(call, interaction, message))


def delete(call: Call) -> Reply:
    interaction = _interaction(call)
    acts.delete(call.world, interaction, acts.message_of(interaction, call.params["message_id"]))
    return Reply()


def _interaction(call: Call) -> Interaction:
    application_id = call.id("webhook_id")
    interaction = acts.by_token(call.world, application_id, call.params["token"])
    gone = call.world.channels.get(interaction.channel.id) is None
    if gone:
        raise errors.unknown_channel()
    return interaction


def _shown(call: Call, interaction: Interaction, message: Message) -> dict[str, Any]:
    return payloads.message(call.world, message, Viewer(interaction.application))


_HOOK = "/webhooks/{webhook_id}/{token}"
_MESSAGE = _HOOK + "/messages/{message_id}"

ROUTES = (
    Route("POST", "/interactions/{interaction_id}/{token}/callback", callback, authenticated=False),
    Route("POST", _HOOK, follow_up, authenticated=False),
    Route("GET", _MESSAGE, read, authenticated=False),
    Route("PATCH", _MESSAGE, edit, authenticated=False),
    Route("DELETE", _MESSAGE, delete, authenticated=False),
)
