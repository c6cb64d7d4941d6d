"""The model as Discord's JSON: the only place that knows the field names of API v10.

Ids become strings here. Functions that show something a bot may not be allowed to read
take the `Viewer` that looks.
"""

from .messages import attachment, emoji, gateway_message, message, reads_content
from .things import (
    MEMBER_COUNT_CAP,
    application,
    application_flags,
    channel,
    gateway_guild,
    guild,
    interaction_channel,
    member,
    member_in_channel,
    own_user,
    partial_member,
    resolved,
    role,
    thread,
    thread_member,
    user,
)

__all__ = [
    "MEMBER_COUNT_CAP",
    "application",
    "application_flags",
    "attachment",
    "channel",
    "emoji",
    "gateway_guild",
    "gateway_message",
    "guild",
    "interaction_channel",
    "member",
    "member_in_channel",
    "message",
    "own_user",
    "partial_member",
    "reads_content",
    "resolved",
    "role",
    "thread",
    "thread_member",
    "user",
]
