"""What kind of message somebody wrote: a reply, a forward, a poll, or words alone.

A forward says so in the same place as a reply, by its reference. It has no words of its writer's;
neither has a poll.
"""

from __future__ import annotations

import discord

from shared.ports.replies import ReplyVerdict


def replied_to(message: discord.Message) -> int | None:
    """Give the id of the message that this one replies to; a forward replies to none."""
    reference = message.reference
    return None if reference is None or is_forward(message) else reference.message_id


def is_forward(message: discord.Message) -> bool:
    """Whether this shows another message."""
    reference = message.reference
    return reference is not None and reference.type is discord.MessageReferenceType.forward


def why_not_sent(message: discord.Message) -> ReplyVerdict | None:
    """Tell why Send can't pass a message on; None where it can."""
    if is_forward(message):
        return ReplyVerdict.FORWARDED
    if message.poll is not None:
        return ReplyVerdict.POLLED
    if not message.content and not message.attachments and not message.stickers:
        return ReplyVerdict.CONTENT_HIDDEN  # Discord left out all that might stand in it
    return None
