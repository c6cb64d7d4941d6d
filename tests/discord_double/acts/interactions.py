"""Interactions: what a person does with a bot's buttons, menus, forms and commands.

An interaction is opened by a person, answered once by the bot within the deadline, and
followed up with its token for a while after. Messages that only one person sees live
here and in no channel.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from discord_double import errors, mentions, payloads
from discord_double.commands import check_choices
from discord_double.events import Event, Viewer
from discord_double.forms import Form
from discord_double.jsons import as_object
from discord_double.model import ChannelType, Message, MessageFlag, MessageType, Thread

from . import announce, messages, threads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from discord_double.model import Application, Attachment, Channel, JsonObject, Member, User
    from discord_double.world import World


class InteractionType(IntEnum):
    """What the person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class CallbackType(IntEnum):
    """How the bot answers first."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE_MESSAGE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


@dataclass(slots=True, eq=False)
class Interaction:
    """One interaction and what came of it."""

    id: int
    token: str
    type: InteractionType
    application: Application
    user: User
    channel: Channel
    data: JsonObject
    # The message whose component was used, at once or before the form was opened.
    message: Message | None = None
    opened_at: float = field(default_factory=time.monotonic)
    callback: CallbackType | None = None
    # The form that the bot opened, as it was sent.
    modal: JsonObject | None = None
    choices: list[JsonObject] | None = None
    # The first response, if it is a message: new, or the one that was updated.
    response: Message | None = None
    followups: list[Message] = field(default_factory=list[Message])

    @property
    def is_acknowledged(self) -> bool:
        return self.callback is not None

    @property
    def messages(self) -> list[Message]:
        """What the bot said in reply, in order."""
        first = [self.response] if self.response else []
        return [*first, *self.followups]


def open_interaction(
    world: World,
    user: User,
    channel: Channel,
    application: Application,
    kind: InteractionType,
    data: JsonObject,
    message: Message | None = None,
) -> Interaction:
    """Open an interaction and tell the bot of it."""
    world.require(user, channel)
    if isinstance(channel, Thread) and channel.archived:
        # The app unarchives a thread before it sends what was pressed in it.
        threads.wake(world, user, channel)
    interaction = Interaction(
        world.ids.next(), secrets.token_urlsafe(96), kind, application, user, channel, data, message
    )
    world.interactions[interaction.token] = interaction
    world.publish(
        Event(
            "INTERACTION_CREATE",
            lambda viewer: _payload(world, interaction, viewer),
            only_to=application.id,
        )
    )
    return interaction


def respond(
    world: World,
    interaction_id: int,
    token: str,
    body: Mapping[str, Any],
    files: Sequence[Attachment] = (),
) -> Interaction:
    """Answer an interaction for the first time."""
    interaction = world.interactions.get(token)
    settings = world.settings
    if interaction is None or interaction.id != interaction_id:
        raise errors.unknown_interaction()
    if interaction.is_acknowledged:
        raise errors.already_acknowledged()
    if time.monotonic() - interaction.opened_at > settings.interaction_deadline:
        raise errors.unknown_interaction()
    kind = _callback_type(interaction, body)
    _take_response(world, interaction, kind, as_object(body.get("data")), files)
    interaction.callback = kind
    world.stir()
    return interaction


def _take_response(
    world: World,
    interaction: Interaction,
    kind: CallbackType,
    data: JsonObject,
    files: Sequence[Attachment],
) -> None:
    form = Form(data)
    match kind:
        case CallbackType.MESSAGE | CallbackType.DEFERRED_MESSAGE:
            loading = kind is CallbackType.DEFERRED_MESSAGE
            draft = messages.read_draft({"flags": data.get("flags")} if loading else data, files)
            if not loading:
                _require_content(draft)
            _require_active(interaction)
            replies_to = interaction.message
            interaction.response = _say(world, interaction, draft, replies_to, loading=loading)
        case CallbackType.DEFERRED_UPDATE:
            interaction.response = interaction.message
        case CallbackType.UPDATE_MESSAGE:
            draft = messages.read_draft(data, files)
            if interaction.message is not None:
                messages.apply(world, interaction.channel, interaction.message, draft)
            interaction.response = interaction.message
        case CallbackType.AUTOCOMPLETE:
            interaction.choices = check_choices(form, "choices", data.get("choices"))
            form.close()
        case CallbackType.MODAL:
            form.modal()
            form.close()
            interaction.modal = data


def follow_up(
    world: World, interaction: Interaction, body: Mapping[str, Any], files: Sequence[Attachment]
) -> Message:
    """Say something more; right after a deferral this is the deferred response itself."""
    draft = messages.read_draft(body, files)
    first = interaction.response
    if first is not None and MessageFlag.LOADING in first.flags:
        messages.apply(world, interaction.channel, first, draft)
        return first
    _require_content(draft)
    _require_active(interaction)
    message = _say(world, interaction, draft, first)
    interaction.followups.append(message)
    world.stir()
    return message


def edit(
    world: World,
    interaction: Interaction,
    message: Message,
    body: Mapping[str, Any],
    files: Sequence[Attachment],
) -> None:
    """Change a message of this interaction, or the one that its component stands on."""
    messages.apply(world, interaction.channel, message, messages.read_draft(body, files))


def delete(world: World, interaction: Interaction, message: Message) -> None:
    """Delete a message of this interaction."""
    if message.only_for is None:
        messages.drop(world, interaction.channel, message)
        announce.message_deleted(world, message, interaction.channel)
    if message is interaction.response:
        interaction.response = None
    else:
        interaction.followups.remove(message)
    world.stir()


def by_token(world: World, application_id: int, token: str) -> Interaction:
    """Return an interaction whose token is still good for followups."""
    interaction = world.interactions.get(token)
    if interaction is None or interaction.application.id != application_id:
        raise errors.unknown_webhook()
    if time.monotonic() - interaction.opened_at > world.settings.interaction_token_life:
        raise errors.invalid_webhook_token()
    if not interaction.is_acknowledged:
        raise errors.unknown_webhook()
    return interaction


def message_of(interaction: Interaction, message_id: str) -> Message:
    """Return the first response ("@original") or a followup of an interaction."""
    if message_id == "@original":
        found = interaction.response
    else:
        listed = (m for m in interaction.messages if str(m.id) == message_id)
        found = next(listed, None)
    if found is None:
        raise errors.unknown_message()
    return found


def _callback_type(interaction: Interaction, body: Mapping[str, Any]) -> CallbackType:
    """Read the callback's type, and check that it suits what the person did."""
    form = Form(body)
    kind: Any = body.get("type")
    on_message = interaction.message is not None
    match interaction.type:
        case InteractionType.AUTOCOMPLETE:
            fitting = {CallbackType.AUTOCOMPLETE}
        case InteractionType.COMMAND:
            fitting = {CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE, CallbackType.MODAL}
        case InteractionType.COMPONENT:
            fitting = set(CallbackType) - {CallbackType.AUTOCOMPLETE}
        case InteractionType.MODAL_SUBMIT:
            fitting = {CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE}
            if on_message:
                fitting |= {CallbackType.DEFERRED_UPDATE, CallbackType.UPDATE_MESSAGE}
    if kind is None:
        form.refuse("type", "BASE_TYPE_REQUIRED", "This field is required")
    else:
        form.choice("type", kind, sorted(int(f) for f in fitting))
    form.close()
    return CallbackType(kind)


def _require_content(draft: messages.Draft) -> None:
    if not (draft.content or draft.embeds or draft.components or draft.attachments):
        raise errors.empty_message()


def _require_active(interaction: Interaction) -> None:
    if isinstance(interaction.channel, Thread) and interaction.channel.archived:
        raise errors.thread_archived()


def _say(
    world: World,
    interaction: Interaction,
    draft: messages.Draft,
    replies_to: Message | None,
    *,
    loading: bool = False,
) -> Message:
    """Post a message of the bot for an interaction, or show it to the one person alone."""
    channel, application = interaction.channel, interaction.application
    flags = draft.flags or MessageFlag(0)
    if loading:
        flags |= MessageFlag.LOADING
    ephemeral = MessageFlag.EPHEMERAL in flags
    by_command = interaction.type is InteractionType.COMMAND and replies_to is None
    kind = MessageType.REPLY if replies_to else MessageType.DEFAULT
    message = Message(
        id=world.ids.next(),
        channel_id=channel.id,
        author=application.user,
        content=draft.content or "",
        type=MessageType.COMMAND if by_command else kind,
        embeds=draft.embeds or [],
        components=draft.components or [],
        attachments=list(draft.attachments),
        flags=flags,
        webhook_id=application.id,
        application_id=application.id,
        interaction=_metadata(interaction),
        only_for=interaction.user.id if ephemeral else None,
    )
    message.mentions = mentions.resolve(
        world, application.user, channel, message.content, draft.allowed
    )
    if replies_to is not None:
        message.reference = {
            "type": 0,
            "channel_id": str(channel.id),
            "message_id": str(replies_to.id),
        }
        if channel.guild_id is not None:
            message.reference["guild_id"] = str(channel.guild_id)
    if not ephemeral:
        messages.put(world, channel, message)
    return message


def _metadata(interaction: Interaction) -> JsonObject:
    shown: JsonObject = {
        "id": str(interaction.id),
        "type": int(interaction.type),
        "user": payloads.user(interaction.user),
        "authorizing_integration_owners": _owners(interaction),
    }
    if interaction.type is InteractionType.COMMAND:
        shown["name"] = interaction.data["name"]
        shown["command_type"] = interaction.data["type"]
    elif interaction.type is InteractionType.COMPONENT and interaction.message:
        shown["interacted_message_id"] = str(interaction.message.id)
    elif interaction.type is InteractionType.MODAL_SUBMIT:
        shown["triggering_interaction_metadata"] = {
            "id": str(interaction.id),
            "type": int(InteractionType.COMPONENT),
            "user": payloads.user(interaction.user),
            "authorizing_integration_owners": _owners(interaction),
            "interacted_message_id": str(interaction.message.id if interaction.message else 0),
        }
    return shown


def _owners(interaction: Interaction) -> dict[str, str]:
    return {"0": str(interaction.channel.guild_id or 0)}


def _payload(world: World, interaction: Interaction, viewer: Viewer) -> JsonObject:
    """Show an interaction as the bot is told of it."""
    channel, user, bot = interaction.channel, interaction.user, interaction.application.user
    shown: JsonObject = {
        "id": str(interaction.id),
        "application_id": str(interaction.application.id),
        "type": int(interaction.type),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": payloads.interaction_channel(world, channel, user, viewer),
        "app_permissions": str(int(world.permissions(bot, channel))),
        "locale": "en-US",
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": _owners(interaction),
        "attachment_size_limit": world.settings.attachment_size,
        "context": 1 if channel.type is ChannelType.DM else 0,
    }
    member: Member | None = world.member(channel, user)
    if member is None:
        shown["user"] = payloads.user(user)
    else:
        shown |= {
            "guild_id": str(channel.guild_id),
            "guild": {"id": str(channel.guild_id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": payloads.member_in_channel(world, member, channel),
        }
    if interaction.message is not None:
        full = Viewer(viewer.application, reads_content=True)
        shown["message"] = payloads.message(world, interaction.message, full)
    return shown
