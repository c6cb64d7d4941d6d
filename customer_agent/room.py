"""The real thing: the agent in a VideoSDK room, with a microphone, ears and a voice.

It follows VideoSDK's own way (`WorkerJob`, `JobContext`, `RoomOptions`), and everything inside a
conversation is the same code that the chat runs. Proven is `talk`, against the real runtime and
its own WebSocket transport, which needs no cloud: speech, interruption, hang-up. Joining a room
of VideoSDK's cloud needs an account and has not been proven here.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import closing
from typing import Final

from videosdk.agents import JobContext, Options, Pipeline, RoomOptions, WorkerJob

from customer_agent.conversation import Conversation, Manner, open_conversation
from customer_agent.gateway_client import Gateway
from customer_agent.notices import Notices
from customer_agent.providers import voice_pipeline
from customer_agent.runtime import adopt_running_loop
from customer_agent.settings import AgentSettings
from shared.conversation import name_of_conversation
from shared.telemetry import get_logger

_log = get_logger(__name__)

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


def run_in_room(settings: AgentSettings, gateway: Gateway, manner: Manner) -> None:
    """Join the room; talk until the customer leaves or the process is told to stop.

    Raises:
        ConfigurationError: No ears or no voice are set, or a plugin is missing.
    """
    token = settings.videosdk_auth_token
    auth_token = token.get_secret_value() if token is not None else None
    build_pipeline = voice_pipeline(settings)

    async def entrypoint(context: JobContext) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for each in _STOPPING:
            loop.add_signal_handler(each, stop.set)
        await talk(
            context,
            stop,
            conversation_id=settings.conversation_id or f"room-{settings.room_id}",
            gateway=gateway,
            build_pipeline=build_pipeline,
            manner=manner,
        )

    with closing(asyncio.new_event_loop()) as unused:

        def make_context() -> JobContext:
            options = RoomOptions(
                room_id=settings.room_id,
                auth_token=auth_token,
                name=settings.agent_name,
                playground=False,  # it prints a link that holds the token
            )
            return JobContext(room_options=options, loop=unused)

        WorkerJob(
            entrypoint=entrypoint,
            jobctx=make_context,
            options=Options(auth_token=auth_token, log_level=settings.log_level),
        ).start()


async def talk(
    context: JobContext,
    stop: asyncio.Event,
    *,
    conversation_id: str,
    gateway: Gateway,
    build_pipeline: Callable[[Notices], Pipeline],
    manner: Manner,
) -> None:
    """Hold one conversation in the room of `context`, until the customer leaves or `stop` is set.

    When stopped, the open questions are left: the customer is still there, and another agent will
    find them.
    """
    adopt_running_loop(context)
    _log.info("room_joining", conversation=name_of_conversation(conversation_id))
    async with (
        open_conversation(
            conversation_id=conversation_id,
            gateway=gateway,
            build_pipeline=build_pipeline,
            manner=manner,
        ) as conversation,
        asyncio.TaskGroup() as tasks,
    ):
        leaving = tasks.create_task(_leave_when(stop, conversation, context), name="leave-room")
        await context.run_until_shutdown(session=conversation.session, wait_for_participant=True)
        if not stop.is_set():
            leaving.cancel()
    _log.info("room_left", conversation=name_of_conversation(conversation_id))


async def _leave_when(stop: asyncio.Event, conversation: Conversation, context: JobContext) -> None:
    await stop.wait()
    conversation.leave_questions = True
    await context.shutdown()
