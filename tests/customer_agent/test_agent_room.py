"""A spoken conversation over the runtime's own WebSocket transport, without any cloud.

Ears and voice are stand-ins (bytes are words), the rest is real: the job's context, the room, the
turn taking, interruption, and the audio track that plays in real time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from fake_gateway import FakeGateway
from support.talking import BRISK, Heard, client_for
from videosdk.agents import (
    STT,
    TTS,
    FlushMarker,
    JobContext,
    Pipeline,
    RoomOptions,
    SpeechData,
    SpeechEventType,
    STTResponse,
    WebSocketConfig,
)
from videosdk.agents import job as job_module
from websockets.asyncio.client import ClientConnection, connect

from customer_agent.conversation import Manner
from customer_agent.notices import Notices
from customer_agent.room import talk
from customer_agent.rule_based_llm import RuleBasedLLM
from customer_agent.settings import OnHangup

BOUND = 30
FRAME = bytes(960)  # 20 ms at 24 kHz, 16 bits, mono


class WordEars(STT):
    """Hears bytes as words."""

    async def process_audio(
        self, audio_frames: bytes, language: str | None = None, **_kwargs: Any
    ) -> None:
        assert self._transcript_callback is not None
        await self._transcript_callback(
            STTResponse(
                event_type=SpeechEventType.FINAL,
                data=SpeechData(text=audio_frames.decode(), confidence=1.0),
            )
        )


class SlowVoice(TTS):
    """Speaks 60 ms of silence for each sentence, and notes what was begun."""

    def __init__(self, begun: Callable[[str], None]) -> None:
        super().__init__(sample_rate=24_000)
        self.begun = begun
        self.frames = 3

    async def synthesize(
        self,
        text: AsyncIterator[str | FlushMarker] | str,
        voice_id: str | None = None,
        **_kwargs: Any,
    ) -> None:
        track = cast("Any", self.audio_track)
        words: list[str] = []
        if isinstance(text, str):
            words.append(text)
        else:
            words.extend([part async for part in text if isinstance(part, str)])
        await track.add_new_bytes(FRAME * self.frames)
        if self._first_audio_callback is not None:
            await self._first_audio_callback()
        self.begun("".join(words))

    async def interrupt(self) -> None:
        """Do nothing: the runtime clears the track."""


@dataclass
class Call:
    """A call in progress."""

    line: ClientConnection
    heard: Heard
    voice: SlowVoice
    stop: asyncio.Event
    talking: asyncio.Task[None]

    async def says(self, words: str) -> None:
        await self.line.send(words.encode())


@asynccontextmanager
async def calling(gateway: FakeGateway) -> AsyncGenerator[Call]:
    """Let a customer call, and be greeted."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = cast("int", free.getsockname()[1])
    heard, stop = Heard(), asyncio.Event()
    voice = SlowVoice(heard)
    context = JobContext(
        room_options=RoomOptions(
            transport_mode="websocket", websocket=WebSocketConfig(port=port), playground=False
        ),
        loop=asyncio.get_running_loop(),
    )

    def build(notices: Notices) -> Pipeline:
        return Pipeline(stt=WordEars(), llm=RuleBasedLLM(notices), tts=voice)

    async def job() -> None:
        cast("Any", job_module)._set_current_job_context(context)
        await talk(
            context,
            stop,
            conversation_id="call",
            gateway=client_for(gateway.url),
            build_pipeline=build,
            manner=Manner(
                instructions="Be kind.",
                greeting="Hello!",
                hold_line_seconds=0,
                on_hangup=OnHangup.CANCEL,
                patience=BRISK,
            ),
        )

    async with asyncio.timeout(BOUND), asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(job())
        while True:
            try:
                line = await connect(f"ws://127.0.0.1:{port}/ws")
                break
            except OSError:
                await asyncio.sleep(0.02)
        # Nobody takes the frames from the runtime's track in this transport; a room would.
        track = cast("Any", context.room).audio_track
        loudspeaker = tasks.create_task(_play(track))
        await heard.until("Hello!")
        try:
            yield Call(line, heard, voice, stop, talking)
        finally:
            await line.close()
            await asyncio.wait([talking])
            loudspeaker.cancel()


async def _play(track: Any) -> None:
    while True:
        await track.recv()


async def test_in_a_call_the_answer_is_spoken_while_the_customer_goes_on_talking(
    gateway: FakeGateway,
) -> None:
    async with calling(gateway) as call:
        await call.says("Can I get a discount on this?")
        await call.heard.until("just asked a colleague")
        await gateway.until(lambda: gateway.held == 1)
        await call.says("When are you open on Monday?")
        await call.heard.until("Monday to Friday")
        await gateway.settle(gateway.asked[0], answer="Ten per cent")
        await call.heard.until("Ten per cent")


async def test_in_a_call_an_answer_that_the_customer_speaks_into_is_spoken_again(
    gateway: FakeGateway,
) -> None:
    async with calling(gateway) as call:
        await call.says("Can I get a discount on this?")
        await call.heard.until("just asked a colleague")
        await gateway.until(lambda: gateway.held == 1)
        call.voice.frames = 100  # two seconds: time enough to speak into it
        await gateway.settle(gateway.asked[0], answer="Ten per cent, because it is you")
        await call.heard.until("Ten per cent")
        call.voice.frames = 3
        await call.says("Wait, when are you open again?")
        await call.heard.until("Monday to Friday")
        while call.heard.count("Ten per cent") < 2:
            await asyncio.sleep(0.02)
    assert call.heard.count("Ten per cent") == 2


async def test_when_the_caller_hangs_up_the_open_question_is_cancelled(
    gateway: FakeGateway,
) -> None:
    async with calling(gateway) as call:
        await call.says("Can I get a discount on this?")
        await gateway.until(lambda: gateway.held == 1)
        await call.line.close()
        await asyncio.wait([call.talking])
    assert [each[0] for each in gateway.cancelled] == [gateway.asked[0].escalation_id]


async def test_an_agent_that_is_stopped_in_a_call_leaves_the_open_question(
    gateway: FakeGateway,
) -> None:
    async with calling(gateway) as call:
        await call.says("Can I get a discount on this?")
        await gateway.until(lambda: gateway.held == 1)
        call.stop.set()
        await asyncio.wait([call.talking])
        assert call.talking.exception() is None
    assert gateway.cancelled == []
