"""Which images agents can look at, told by a file's first bytes and not by what is said of it."""

from __future__ import annotations

from typing import Final

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_RIFF: Final = b"RIFF"
_WEBP: Final = b"WEBP"
_WEBP_AT: Final = 8

IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Those that models take."""


def image_type(content: bytes) -> str | None:
    """Tell which of these an image is; None for anything else."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    is_webp = content.startswith(_RIFF) and content[_WEBP_AT:].startswith(_WEBP)
    return "image/webp" if is_webp else None
