"""Transport compression: one context per socket, each payload flushed on its own."""

from __future__ import annotations

import importlib
import zlib
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

# The standard library's module (3.14), and its backport with the same interface.
_ZSTD_MODULES = ("compression.zstd", "backports.zstd")


class Compressor(Protocol):
    """Turns one payload after the other into a continuous stream."""

    def __call__(self, payload: bytes, /) -> bytes: ...


def compressor(name: str | None) -> Compressor | None:
    """Return a new compressor, or None for uncompressed text.

    Raises:
        LookupError: the client asks for a compression that is not to be had here.
    """
    if not name:
        return None
    if name == "zlib-stream":
        return _zlib_stream()
    if name == "zstd-stream":
        return _zstd_stream()
    raise LookupError(name)


def _zlib_stream() -> Compressor:
    context = zlib.compressobj()

    def compress(payload: bytes) -> bytes:
        return context.compress(payload) + context.flush(zlib.Z_SYNC_FLUSH)

    return compress


def _zstd_stream() -> Compressor:
    """Use whichever zstd is installed; none of them is required."""
    for name in _ZSTD_MODULES:
        with suppress(ImportError):
            context: Any = importlib.import_module(name).ZstdCompressor()
            return partial(context.compress, mode=context.FLUSH_BLOCK)
    with suppress(ImportError):
        module: Any = importlib.import_module("zstandard")
        stream: Any = module.ZstdCompressor().compressobj()
        flush = module.COMPRESSOBJ_FLUSH_BLOCK
        return lambda payload: stream.compress(payload) + stream.flush(flush)
    raise LookupError("zstd-stream")
