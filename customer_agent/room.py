"""The real thing: the agent in a VideoSDK room, with a microphone, ears and a voice.

It follows VideoSDK's own way (`WorkerJob`, `JobContext`, `RoomOptions`) and everything inside a
conversation is the same code that the chat runs. What is proven without VideoSDK's cloud is that
code, against the real runtime; joining a room needs an account and has not been proven here.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any, Final

from videosdk.agents import JobContext, Options, RoomOptions, WorkerJob

from customer_agent.conversation import Manner, open_conversation
from customer_agent.gateway_client import Gateway
from customer_agent.providers import voice_pipeline
from customer_agent.settings import AgentSettings
from shared.telemetry import get_logger

_log = get_logger(__name__)

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


def run_in_room(settings: AgentSettings, gateway: Gateway, manner: Manner) -> None:
    """Join the room, talk until the customer leaves or the process is told to stop.

    Raises:
        ConfigurationError: No ears or no voice are set, or a plugin is missing.
    """
    token = settings.videosdk_auth_token
    auth_token = token.get_secret_value() if token is not None else None
    build_pipeline = voice_pipeline(settings)
    conversation_id = settings.conversation_id or f"room-{settings.room_id}"

    async def talk(context: JobContext) -> None:
        async with open_conversation(
            conversation_id=conversation_id,
            gateway=gateway,
            build_pipeline=build_pipeline,
            manner=manner,
        ) as conversation:

            def stop() -> None:
                # The customer is still there: another agent is to find the open questions.
                conversation.leave_questions = True
                stopping.append(loop.create_task(context.shutdown(), name="leave-room"))

            loop, stopping = asyncio.get_running_loop(), list[asyncio.Task[None]]()
            for each in _STOPPING:
                loop.add_signal_handler(each, stop)
            _log.info("room.joining", room_id=settings.room_id, conversation_id=conversation_id)
            try:
                await context.run_until_shutdown(
                    session=conversation.session, wait_for_participant=True
                )
            finally:
                for each in _STOPPING:
                    loop.remove_signal_handler(each)
                await asyncio.gather(*stopping)
        _log.info("room.left", room_id=settings.room_id)

    def make_context() -> Any:
        return JobContext(
            room_options=RoomOptions(
                room_id=settings.room_id,
                auth_token=auth_token,
                name=settings.agent_name,
                # The playground prints a link that holds the token.
                playground=False,
            )
        )

    WorkerJob(
        entrypoint=talk,
        jobctx=make_context,
        options=Options(auth_token=auth_token, log_level=settings.log_level),
    ).start()
