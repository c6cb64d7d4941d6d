"""Files on their way into a message: how Discord names them and takes them for."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from . import errors
from .model import Attachment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .world import World

FILES_MAX = 10
_SPECIAL = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a person picks it.

    Discord goes by the name when it says what a file is. `content_type` and `size` are what it
    says where that is to be something else; an empty type is none.
    """

    name: str
    content: bytes
    content_type: str | None = None
    size: int | None = None


def take(world: World, upload: Upload) -> Attachment:
    """Store a file. What is special in its name stands in the title, which has no ending."""
    path = PurePosixPath(upload.name)
    spaced = path.stem.replace(" ", "_")
    stem = _SPECIAL.sub("", spaced)
    kind = upload.content_type
    if kind is None:
        kind = mimetypes.guess_type(upload.name)[0]
    return Attachment(
        world.ids.next(),
        f"{stem or 'unknown'}{path.suffix}",
        kind or None,
        upload.content,
        title=None if stem == path.stem else path.stem,
        claimed_size=upload.size,
    )


def require_fitting(world: World, files: Sequence[Attachment]) -> None:
    """Refuse a message with too many files, or with one that is too large.

    Raises:
        Refusal: 50035 or 40005.
    """
    if len(files) > FILES_MAX:
        why = f"Must be {FILES_MAX} or fewer in length."
        raise errors.InvalidForm([("attachments", "BASE_TYPE_MAX_LENGTH", why)])
    if any(len(each.content) > world.settings.attachment_size for each in files):
        raise errors.entity_too_large()
