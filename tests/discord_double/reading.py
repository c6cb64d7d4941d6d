"""What a person sees of a message: its words and its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .jsons import as_object, objects_in

if TYPE_CHECKING:
    from .model import Message


def text_of(message: Message) -> str:
    """Return everything a reader sees of a message, line by line."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        for item in objects_in(embed.get("fields")):
            parts += [item["name"], item["value"]]
        parts.append(as_object(embed.get("footer")).get("text") or "")
    if message.poll is not None:
        parts.append(message.poll["question"]["text"])
        parts += [answer["poll_media"]["text"] for answer in message.poll["answers"]]
    if message.forwarded is not None:
        parts.append(text_of(message.forwarded))
    parts += labels_of(message)
    return "\n".join(part for part in parts if part)


def labels_of(message: Message) -> list[str]:
    """Return the labels of a message's buttons."""
    return [
        item["label"]
        for row in message.components
        for item in objects_in(row.get("components"))
        if item.get("label")
    ]
