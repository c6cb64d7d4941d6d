"""A file that a person sent along with an answer: what is known of it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shared.texts import Value, file_name

URL_LIMIT: Final = 2_048
"""Characters in a link."""
UNKNOWN_TYPE: Final = "application/octet-stream"
"""The media type of a file of which nothing is known."""

MEDIA_TYPE: Final = r"^[a-z0-9][a-z0-9.+_-]{0,62}/[a-z0-9][a-z0-9.+_-]{0,62}$"
"""Lower case, without parameters."""
_WEB_ADDRESS: Final = r"^https?://[!#-;=?-Z\[\]_a-z~]+$"
"""Only what may stand in a URL, so that it can be put into a page or a message as it is."""

FileName = Annotated[str, AfterValidator(file_name)]
WebAddress = Annotated[str, Field(max_length=URL_LIMIT, pattern=_WEB_ADDRESS)]


class Attachment(Value):
    """A file of an answer, as agents hear of it."""

    name: FileName
    url: WebAddress
    """Where its channel serves it. Discord's links expire."""
    media_type: Annotated[str, Field(pattern=MEDIA_TYPE)]
    """What its channel says that it is; proven only where `content` is set."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    content: str | None = None
    """Under which name its bytes are kept with the answer; None where there is only the link."""
