"""A voice that writes: lets the whole speaking half of the runtime run where there is no audio.

With it a text chat goes the same way as a phone call (model, speech, playback, interruption), and
what was written is what was spoken, hold lines included.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from videosdk.agents import TTS, FlushMarker

_Callback = Callable[[], Awaitable[None]]


class TextTrack:
    """Stands where the runtime expects an audio track; its playback takes no time."""

    def __init__(self) -> None:
        self._on_last_byte: _Callback | None = None

    def on_last_audio_byte(self, callback: _Callback) -> None:
        """Keep what the runtime wants called after the playback."""
        self._on_last_byte = callback

    async def play_out(self) -> None:
        """Report the end of the playback."""
        if self._on_last_byte is not None:
            await self._on_last_byte()


class TextVoice(TTS):
    """Hands each finished utterance to `write` instead of turning it into sound."""

    def __init__(self, write: Callable[[str], None], track: TextTrack) -> None:
        super().__init__()
        self._write = write
        self._track = track
        self._interrupted = False

    async def synthesize(
        self,
        text: AsyncIterator[str | FlushMarker] | str,
        voice_id: str | None = None,  # noqa: ARG002  The runtime's signature.
        **_kwargs: Any,
    ) -> None:
        """Write the utterance; what the customer interrupted ends where it was."""
        self._interrupted = False
        words = text if isinstance(text, str) else await self._collect(text)
        if self._first_audio_callback is not None:
            await self._first_audio_callback()
        if words.strip():
            self._write(words.strip())
        await self._track.play_out()

    async def interrupt(self) -> None:
        """Stop writing."""
        self._interrupted = True

    async def _collect(self, stream: AsyncIterator[str | FlushMarker]) -> str:
        words: list[str] = []
        async for part in stream:
            if self._interrupted:
                words.append(" …")
                break
            if isinstance(part, str):
                words.append(part)
        return "".join(words)
