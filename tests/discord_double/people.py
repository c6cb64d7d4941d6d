"""People: members who write, click, choose, fill in forms and react, as their own user.

A person obeys the same rules as a bot and meets the same refusals (`Refusal`). What a
person could not do in the app at all, such as pressing a button that is not there, is an
error of the test: `LookupError` or `ValueError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import payloads, uploads
from .acts import guilds, interactions, messages, references, threads
from .acts.interactions import InteractionType
from .commands import check_given
from .events import Viewer
from .forms import (
    BUTTON,
    LABEL,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    USER_SELECT,
    filled_in_with,
    inputs_of,
    interactive,
)
from .jsons import objects_in
from .mentions import AllowedMentions
from .model import Channel, ChannelType, Message, Thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .acts.interactions import Interaction
    from .model import Application, Guild, JsonObject, Member
    from .uploads import Upload
    from .world import World

Place = Channel | Message | int
_REFERRING_OPTIONS = frozenset({6, 7, 8, 9})  # a user, a channel, a role, or any of the first two


class Person:
    """One member of a guild, ready to act. The methods' messages are live model objects."""

    def __init__(self, world: World, guild: Guild, member: Member) -> None:
        self._world = world
        self._guild = guild
        self.member = member

    @property
    def id(self) -> int:
        return self.member.user.id

    @property
    def name(self) -> str:
        return self.member.name

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def __repr__(self) -> str:
        return f"<Person {self.name} ({self.id})>"

    # -- messages -------------------------------------------------------------

    async def write(
        self,
        place: Place,
        text: str = "",
        *,
        reply_to: Message | None = None,
        ping: bool = True,
        files: Sequence[Upload] = (),
    ) -> Message:
        """Write in a channel or thread, or where a given message stands."""
        taken = [uploads.take(self._world, each) for each in files]
        draft = messages.read_draft({"content": text}, taken)
        allowed = AllowedMentions(replied_user=ping)
        reply_id = None if reply_to is None else reply_to.id
        draft = messages.with_reply(draft, reply_id, allowed)
        return messages.post(self._world, self.member.user, self._place(place), draft)

    async def reply(self, message: Message, text: str, *, ping: bool = True) -> Message:
        """Reply to a message where it stands."""
        return await self.write(message, text, reply_to=message, ping=ping)

    async def forward(self, message: Message, place: Place) -> Message:
        """Forward a message to another channel or thread, or to its own."""
        reference = references.to(self._place(message), message.id, references.FORWARD)
        draft = messages.read_draft({"message_reference": reference})
        return messages.post(self._world, self.member.user, self._place(place), draft)

    async def ask_all(self, place: Place, question: str, *answers: str) -> Message:
        """Start a poll."""
        listed = [{"poll_media": {"text": each}} for each in answers]
        poll = {"question": {"text": question}, "answers": listed}
        draft = messages.read_draft({"poll": poll})
        return messages.post(self._world, self.member.user, self._place(place), draft)

    async def edit(self, message: Message, text: str) -> Message:
        """Change an own message."""
        draft = messages.read_draft({"content": text})
        return messages.edit(self._world, self.member.user, self._place(message), message, draft)

    async def delete(self, message: Message) -> None:
        """Delete a message."""
        messages.delete(self._world, self.member.user, self._place(message), message)

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        messages.react(self._world, self.member.user, self._place(message), message, emoji)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take back an own reaction."""
        user = self.member.user
        messages.unreact(self._world, user, self._place(message), message, emoji, user)

    async def start_typing(self, place: Place) -> None:
        """Be seen writing."""
        messages.start_typing(self._world, self.member.user, self._place(place))

    async def write_directly(self, text: str, bot: Application | None = None) -> Message:
        """Write a direct message to a bot, by default the first."""
        application = bot or next(iter(self._world.applications.values()))
        channel = self._world.direct_channel(application.user, self.member.user)
        return await self.write(channel, text)

    # -- threads --------------------------------------------------------------

    async def start_thread(self, place: Place, name: str) -> Thread:
        """Start a public thread from a message, or without one in a channel."""
        plan = threads.ThreadPlan(name)
        user, channel = self.member.user, self._place(place)
        if isinstance(place, Message):
            return threads.start_from_message(self._world, user, channel, place, plan)
        return threads.start_alone(self._world, user, channel, plan)

    async def edit_thread(self, place: Place, **changes: Any) -> Thread:
        """Change a thread: `name`, `archived`, `locked`, `auto_archive_duration`."""
        return threads.edit(self._world, self.member.user, self._thread(place), changes)

    async def delete_thread(self, place: Place) -> None:
        """Delete a thread."""
        threads.delete(self._world, self.member.user, self._thread(place))

    async def join(self, place: Place) -> None:
        """Join a thread without writing."""
        user = self.member.user
        threads.add_member(self._world, user, self._thread(place), user)

    async def leave(self, place: Place) -> None:
        """Leave a thread."""
        user = self.member.user
        threads.remove_member(self._world, user, self._thread(place), user)

    async def set_roles(self, *roles: int | str) -> None:
        """Hold exactly these roles, given by id or name."""
        guilds.set_roles(self._world, self._guild, self.member, role_ids(self._guild, roles))

    # -- components, forms, commands ------------------------------------------

    async def click(self, message: Message, button: str) -> Interaction:
        """Press a button, given by its custom_id or label."""
        found = _component(message, button, {BUTTON})
        data: JsonObject = {
            "component_type": BUTTON,
            "custom_id": found["custom_id"],
            "id": found.get("id", 0),
        }
        return self._use_component(message, data)

    async def choose(self, message: Message, menu: str, *values: str | int) -> Interaction:
        """Choose from a menu, given by its custom_id."""
        found = _component(message, menu, SELECTS)
        chosen = [str(value) for value in values]
        least, most = found.get("min_values", 1), found.get("max_values", 1)
        if not least <= len(chosen) <= most:
            raise ValueError(f"{menu} takes {least} to {most} values, not {len(chosen)}")
        if found["type"] == STRING_SELECT:
            offered = {option["value"] for option in found["options"]}
            if not set(chosen) <= offered:
                raise ValueError(f"{menu} offers {sorted(offered)}, not {chosen}")
        data: JsonObject = {
            "component_type": found["type"],
            "custom_id": found["custom_id"],
            "id": found.get("id", 0),
            "values": chosen,
        }
        if found["type"] == USER_SELECT and not {*map(int, chosen)} <= self._world.users.keys():
            raise ValueError(f"{menu} offers people, not {chosen}")
        if found["type"] != STRING_SELECT:
            application = self._world.application_by_id(message.application_id or 0)
            data["resolved"] = payloads.resolved(
                self._world, self._guild, map(int, chosen), Viewer(application)
            )
        return self._use_component(message, data)

    async def submit(self, form: Interaction, values: Mapping[str, str]) -> Interaction:
        """Fill in the form that an interaction opened, by custom_id or label, and send it.

        What is not named stays as the bot had filled it in. A menu takes a value that it offers.
        """
        if form.user.id != self.id:
            raise LookupError(f"{self.name} cannot see this form")
        if form.modal is None:
            raise LookupError("this interaction opened no form")
        data: JsonObject = {
            "custom_id": form.modal["custom_id"],
            "components": _filled_in(form.modal["components"], values),
        }
        return interactions.open_interaction(
            self._world,
            self.member.user,
            form.channel,
            form.application,
            InteractionType.MODAL_SUBMIT,
            data,
            form.message,
        )

    async def command(
        self, place: Place, name: str, bot: Application | None = None, **options: Any
    ) -> Interaction:
        """Use a slash command; a name of several words is a subcommand."""
        application, command, data = self._command(name, bot, options, complete=True)
        if command.get("type", 1) != 1:
            raise ValueError(f"{name} is not a slash command")
        return interactions.open_interaction(
            self._world,
            self.member.user,
            self._place(place),
            application,
            InteractionType.COMMAND,
            data,
        )

    async def complete(
        self, place: Place, name: str, focused: str, bot: Application | None = None, **options: Any
    ) -> Interaction:
        """Ask for a slash command's suggestions while typing in the option `focused`."""
        application, _, data = self._command(name, bot, options, complete=False)
        for option in _innermost(data):
            if option["name"] == focused:
                option["focused"] = True
        return interactions.open_interaction(
            self._world,
            self.member.user,
            self._place(place),
            application,
            InteractionType.AUTOCOMPLETE,
            data,
        )

    # -- inner ----------------------------------------------------------------

    def _use_component(self, message: Message, data: JsonObject) -> Interaction:
        if message.application_id is None:
            raise LookupError("no application stands behind this message")
        if message.only_for not in {None, self.id}:
            raise LookupError(f"{self.name} cannot see this message")
        return interactions.open_interaction(
            self._world,
            self.member.user,
            self._place(message),
            self._world.application_by_id(message.application_id),
            InteractionType.COMPONENT,
            data,
            message,
        )

    def _command(
        self, name: str, bot: Application | None, options: Mapping[str, Any], *, complete: bool
    ) -> tuple[Application, JsonObject, JsonObject]:
        first, *rest = name.split() or [""]
        for application in [bot] if bot else list(self._world.applications.values()):
            for guild_id in (self._guild.id, None):
                for command in application.commands.get(guild_id, {}).values():
                    if command["name"] == first:
                        data = _invocation(command, rest, options, complete=complete)
                        self._resolve(data, application)
                        return application, command, data
        raise LookupError(f"no command {first!r} is registered")

    def _resolve(self, data: JsonObject, application: Application) -> None:
        """Add what the ids in a command's options stand for, as Discord does."""
        ids = [int(o["value"]) for o in _innermost(data) if o["type"] in _REFERRING_OPTIONS]
        if ids:
            viewer = Viewer(application)
            data["resolved"] = payloads.resolved(self._world, self._guild, ids, viewer)

    def _place(self, place: Place) -> Channel:
        if isinstance(place, Message):
            return self._world.channel(place.channel_id)
        return place if isinstance(place, Channel) else self._world.channel(place)

    def _thread(self, place: Place) -> Thread:
        channel = self._place(place)
        if not isinstance(channel, Thread):
            raise TypeError(f"{ChannelType(channel.type).name} channel {channel.id} is no thread")
        return channel


def role_ids(guild: Guild, roles: Sequence[int | str]) -> tuple[int, ...]:
    """Return the ids of roles that are given by id or name."""
    named = {role.name: role.id for role in guild.roles.values()}
    return tuple(named[role] if isinstance(role, str) else role for role in roles)


def _component(message: Message, wanted: str, kinds: set[int] | frozenset[int]) -> JsonObject:
    offered = [c for c in interactive(message.components) if c["type"] in kinds]
    for component in offered:
        if wanted in {component["custom_id"], component.get("label")}:
            if component.get("disabled"):
                raise ValueError(f"{wanted!r} is disabled")
            return component
    names = [c.get("label") or c["custom_id"] for c in offered]
    raise LookupError(f"no {wanted!r} on message {message.id}; it offers {names}")


def _filled_in(rows: list[JsonObject], values: Mapping[str, str]) -> list[JsonObject]:
    """Return a form's components with a person's values, in the shape of a submission."""
    answered: list[JsonObject] = []
    used: set[str] = set()
    for row in rows:
        for item in inputs_of([row]):
            label = row.get("label") or item.get("label") or ""
            key = item["custom_id"] if item["custom_id"] in values else label
            used.add(key)
            filled = _answer(item, label, values.get(key, filled_in_with(item)))
            if row.get("type") == LABEL:
                answered.append({"type": LABEL, "id": row.get("id", 0), "component": filled})
            else:
                answered.append({"type": 1, "id": row.get("id", 0), "components": [filled]})
    if unknown := set(values) - used:
        raise LookupError(f"the form has no field {sorted(unknown)}")
    return answered


def _answer(item: JsonObject, label: str, value: str) -> JsonObject:
    shown: JsonObject = {"type": item["type"], "id": item.get("id", 0)}
    shown["custom_id"] = item["custom_id"]
    if item["type"] != TEXT_INPUT:
        if item["type"] == STRING_SELECT and value:
            offered = {option["value"] for option in item["options"]}
            if value not in offered:
                raise ValueError(f"{label!r} offers {sorted(offered)}, not {value!r}")
        if not value and item.get("required", True):
            raise ValueError(f"{label!r} must be chosen")
        return shown | {"values": [value] if value else []}
    if not value and item.get("required", True):
        raise ValueError(f"{label or item['custom_id']!r} must be filled in")
    longest, shortest = item.get("max_length") or 4000, item.get("min_length") or 0
    if value and not shortest <= len(value) <= longest:
        raise ValueError(f"{label!r} takes {shortest} to {longest} characters")
    return shown | {"value": value}


def _invocation(
    command: JsonObject, path: list[str], options: Mapping[str, Any], *, complete: bool
) -> JsonObject:
    """Return the data of a command as the app sends it."""
    data: JsonObject = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    declared = objects_in(command.get("options"))
    inner = data
    for name in path:
        step = next((o for o in declared if o["name"] == name and o["type"] in {1, 2}), None)
        if step is None:
            raise LookupError(f"{command['name']!r} has no subcommand {name!r}")
        child: JsonObject = {"name": name, "type": step["type"]}
        inner["options"] = [child]
        inner, declared = child, objects_in(step.get("options"))
    kinds = {option["name"]: option["type"] for option in declared}
    if unknown := set(options) - set(kinds):
        raise LookupError(f"{command['name']!r} has no option {sorted(unknown)}")
    check_given(declared, options, complete=complete)
    inner["options"] = [
        {"name": name, "type": kinds[name], "value": value} for name, value in options.items()
    ]
    return data


def _innermost(data: JsonObject) -> list[JsonObject]:
    options: list[JsonObject] = data.get("options", [])
    while options and "options" in options[0]:
        options = options[0]["options"]
    return options
