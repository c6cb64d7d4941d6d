"""The chats of this process: one conversation each, so that two pages never mix.

Each runs in a task of its own under one task group. A chat ends when the customer ends it, or
when no page has shown it for a while; open questions are then treated as after a hang-up. When
the process stops, they are left for the next agent of the conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from videosdk.agents import Pipeline

from customer_agent.conversation import Conversation, Manner, open_conversation
from customer_agent.gateway_client import Gateway
from customer_agent.notices import Notices
from customer_agent.outcomes import Outcome
from customer_agent.transcript import Transcript, Who, now_iso
from shared.conversation import name_of_conversation
from shared.telemetry import get_logger

_log = get_logger(__name__)

_MOST_UNREAD: Final = 20
"""Messages of one customer that may wait for the agent."""

WriterPipeline = Callable[[Callable[[str], None]], Callable[[Notices], Pipeline]]
"""Prepares pipelines that hand what the agent says to a function."""


class TooManyChatsError(Exception):
    """Every place is taken by a chat that somebody is looking at."""


class TooFastError(Exception):
    """The customer writes faster than the agent can answer."""


class Chat:
    """One customer's chat."""

    def __init__(self, chat_id: str) -> None:
        loop = asyncio.get_running_loop()
        self.id = chat_id
        self.transcript = Transcript(loop.time)
        self.watchers = 0
        """How many pages show this chat at the moment."""
        self.last_seen = loop.time()
        self._left = False
        self._inbox: asyncio.Queue[str | None] = asyncio.Queue(_MOST_UNREAD)
        self._conversation: Conversation | None = None
        self._task: asyncio.Task[None] | None = None

    def write(self, text: str) -> str:
        """Take a customer's message, and return the id of its line.

        Raises:
            TooFastError: Too many messages wait already.
        """
        self.touch()
        try:
            self._inbox.put_nowait(text)
        except asyncio.QueueFull:
            raise TooFastError from None
        return self.transcript.add(Who.CUSTOMER, text).id

    def touch(self) -> None:
        """Note that somebody is there."""
        self.last_seen = asyncio.get_running_loop().time()

    def end(self) -> None:
        """End the chat, as a customer does who hangs up."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """End the chat without touching its open questions: another agent will take them up."""
        self._left = True
        if self._conversation is not None:
            self._conversation.leave_questions = True
        self.end()
        # The page is to come back to that other agent: nothing has ended for it.
        self.transcript.close()

    def start(
        self,
        tasks: asyncio.TaskGroup,
        *,
        gateway: Gateway,
        pipelines: WriterPipeline,
        manner: Manner,
        idle_after: float,
    ) -> asyncio.Task[None]:
        """Start the conversation in a task of the group."""
        self._task = tasks.create_task(
            self._run(gateway, pipelines, manner, idle_after),
            name=f"chat-{name_of_conversation(self.id)}",
        )
        return self._task

    async def _run(
        self, gateway: Gateway, pipelines: WriterPipeline, manner: Manner, idle_after: float
    ) -> None:
        farewell = "This chat has ended."
        try:
            async with open_conversation(
                conversation_id=self.id,
                gateway=gateway,
                build_pipeline=pipelines(self._show),
                manner=manner,
                on_open_questions=self._count,
                on_files=self._show_files,
            ) as conversation:
                self._conversation = conversation
                await conversation.start()
                await self._listen(conversation, idle_after)
        except Exception:  # noqa: BLE001  The boundary between chats: others go on.
            _log.exception("chat_failed", conversation=name_of_conversation(self.id))
            farewell = "Something went wrong, and this chat has ended. Please start a new one."
        finally:
            if not self._left:
                self.transcript.add(Who.STATUS, farewell)
                state = replace(self.transcript.state, ended=True, thinking=False)
                self.transcript.set_state(state)
            _log.info("chat_ended", conversation=name_of_conversation(self.id))

    async def _listen(self, conversation: Conversation, idle_after: float) -> None:
        """Take the customer's messages in turn until nobody has been there for a while."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(idle_after):
                    text = await self._inbox.get()
            except TimeoutError:
                if not self.watchers and loop.time() - self.last_seen >= idle_after:
                    return
                continue
            if text is None:
                return
            self.transcript.set_state(replace(self.transcript.state, thinking=True))
            await conversation.hear(text)
            self.transcript.set_state(replace(self.transcript.state, thinking=False))

    def _show(self, words: str) -> None:
        self.transcript.add(Who.AGENT, words)

    def _show_files(self, outcome: Outcome) -> None:
        words = f"Sent by {outcome.answered_by or 'a colleague'}"
        self.transcript.add(Who.AGENT, words, outcome.files)

    def _count(self, open_questions: int) -> None:
        before = self.transcript.state
        since = (before.waiting_since or now_iso()) if open_questions else None
        self.transcript.set_state(
            replace(before, open_questions=open_questions, waiting_since=since)
        )
        if open_questions > before.open_questions:
            self.transcript.add(Who.STATUS, "A colleague has been asked")


class Chats:
    """All chats. Enter it before opening any; leaving it hands the open questions over."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        pipelines: WriterPipeline,
        manner: Manner,
        most: int,
        idle_after: float,
    ) -> None:
        self._gateway = gateway
        self._pipelines = pipelines
        self._manner = manner
        self._most = most
        self._idle_after = idle_after
        self._chats: dict[str, Chat] = {}
        self._tasks = asyncio.TaskGroup()

    def __len__(self) -> int:
        return len(self._chats)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave_all()
        await self._tasks.__aexit__(kind, error, trace)

    def leave_all(self) -> None:
        """Let go of all chats, and send their pages away to come back later."""
        for chat in list(self._chats.values()):
            chat.leave()

    def find(self, chat_id: str) -> Chat | None:
        """Find a running chat."""
        return self._chats.get(chat_id)

    def open(self, chat_id: str) -> Chat:
        """Find a chat, or start it.

        Raises:
            TooManyChatsError: There is no place for another one.
        """
        if (known := self._chats.get(chat_id)) is not None:
            known.touch()
            return known
        if len(self._chats) >= self._most:
            self._make_room()
        chat = self._chats[chat_id] = Chat(chat_id)
        task = chat.start(
            self._tasks,
            gateway=self._gateway,
            pipelines=self._pipelines,
            manner=self._manner,
            idle_after=self._idle_after,
        )
        task.add_done_callback(lambda _task: self._forget(chat))
        _log.info("chat_started", conversation=name_of_conversation(chat_id))
        return chat

    def _make_room(self) -> None:
        """End the chat that has been abandoned for longest.

        Raises:
            TooManyChatsError: None is abandoned.
        """
        abandoned = [each for each in self._chats.values() if not each.watchers]
        if not abandoned:
            raise TooManyChatsError
        oldest = min(abandoned, key=lambda chat: chat.last_seen)
        oldest.end()
        self._forget(oldest)

    def _forget(self, chat: Chat) -> None:
        if self._chats.get(chat.id) is chat:
            del self._chats[chat.id]
