"""What a caller gets of the files of an answer: links, small images, and the same as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mcp_types import ContentBlock, ImageContent, ResourceLink, TextContent
from mcp_types.version import is_version_at_least
from pydantic import BaseModel

from shared.attachment import Attachment
from shared.escalation import Escalation, Outcome

_LINKS_SINCE: Final = "2025-06-18"
"""The revision of the standard that has resource links; a client of an older one refuses them."""


class AttachedFile(BaseModel):
    """A file that came with an answer."""

    name: str
    url: str
    """Where it can be read for about a day: Discord's links expire."""
    media_type: str
    """What Discord says that it is."""
    size: int
    """Bytes."""


def attached(outcome: Outcome | None) -> list[AttachedFile]:
    """List the files of an answer."""
    return [
        AttachedFile(name=each.name, url=each.url, media_type=each.media_type, size=each.size)
        for each in (outcome.attachments if outcome else ())
    ]


def blocks(
    escalation: Escalation, images: Mapping[str, str], *, revision: str
) -> Iterator[ContentBlock]:
    """Make the blocks behind an answer's text: the images that are kept, then a link for each file.

    `images` are base64 by link. `revision` is the standard's that the caller speaks.
    """
    files = _files_of(escalation)
    for each in files:
        if each.url in images:
            yield ImageContent(data=images[each.url], mime_type=each.media_type)
    for each in files:
        if is_version_at_least(revision, _LINKS_SINCE):
            yield ResourceLink(
                name=each.name,
                title=each.name,
                uri=each.url,
                mime_type=each.media_type,
                size=each.size,
            )
        else:
            about = f"{each.name} ({each.media_type}, {each.size} bytes)"
            yield TextContent(text=f"{about}: {each.url}")


def _files_of(escalation: Escalation) -> list[Attachment]:
    """List the files of the answer, and of a late one; none twice."""
    answers = (escalation.outcome, escalation.late_answer)
    files = [each for answer in answers if answer for each in answer.attachments]
    return list({each.url: each for each in files}.values())
