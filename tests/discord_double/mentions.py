"""Whom a message pings: the mentions in its text, cut down by `allowed_mentions`.

Only a message's own content can ping; what stands in an embed never does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .jsons import as_list, as_object
from .model import Mentions
from .permissions import EVERYTHING, Permission

if TYPE_CHECKING:
    from .forms import Form
    from .model import Channel, Message, User
    from .world import World

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_KINDS = ("users", "roles", "everyone")
_IDS_MAX = 100


@dataclass(frozen=True, slots=True)
class AllowedMentions:
    """Which mentions may ping; without any word from the bot, all of them."""

    users: bool = True
    roles: bool = True
    everyone: bool = True
    user_ids: frozenset[int] = field(default_factory=frozenset[int])
    role_ids: frozenset[int] = field(default_factory=frozenset[int])
    replied_user: bool = True


def parse_allowed(form: Form) -> AllowedMentions:
    """Read the `allowed_mentions` of a body, noting what is wrong in the form."""
    if form.body.get("allowed_mentions") is None:
        return AllowedMentions()
    given = as_object(form.body["allowed_mentions"])
    parse = as_list(given.get("parse"))
    for index, kind in enumerate(parse):
        form.choice(f"allowed_mentions.parse.{index}", kind, _KINDS)
    ids: dict[str, frozenset[int]] = {}
    for kind in ("users", "roles"):
        listed = as_list(given.get(kind))
        path = f"allowed_mentions.{kind}"
        if listed and kind in parse:
            why = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.refuse("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", why)
        if len(listed) > _IDS_MAX:
            form.refuse(path, "BASE_TYPE_MAX_LENGTH", f"Must be {_IDS_MAX} or fewer in length.")
        parsed = (form.snowflake(f"{path}.{i}", value) for i, value in enumerate(listed))
        ids[kind] = frozenset(value for value in parsed if value is not None)
    return AllowedMentions(
        users="users" in parse,
        roles="roles" in parse,
        everyone="everyone" in parse,
        user_ids=ids["users"],
        role_ids=ids["roles"],
        replied_user=bool(given.get("replied_user", False)),
    )


def resolve(
    world: World,
    author: User,
    channel: Channel,
    content: str,
    allowed: AllowedMentions,
    replied_to: Message | None = None,
) -> Mentions:
    """Work out whom a message by `author` pings."""
    found = Mentions()
    guild = world.guild_of(channel)
    if replied_to is not None and allowed.replied_user and replied_to.webhook_id is None:
        found.users.append(replied_to.author.id)
    for user_id in map(int, _USER.findall(content)):
        may = allowed.users or user_id in allowed.user_ids
        if may and user_id in world.users and user_id not in found.users:
            found.users.append(user_id)
    if guild is None:
        return found
    granted = world.permissions(author, channel) if author.id in guild.members else EVERYTHING
    may_ping_all = Permission.MENTION_EVERYONE in granted
    for role_id in map(int, _ROLE.findall(content)):
        role = guild.roles.get(role_id)
        may = allowed.roles or role_id in allowed.role_ids
        if may and role and role_id not in found.roles and (role.mentionable or may_ping_all):
            found.roles.append(role_id)
    found.everyone = allowed.everyone and may_ping_all and bool(_EVERYONE.search(content))
    return found
