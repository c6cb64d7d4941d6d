"""One conversation: a session of the runtime, its open questions, and what is told of them.

Any number of conversations live in one process. The runtime keeps its metrics and its event bus
in context variables, with process-wide defaults; each conversation binds its own, so it must be
opened in a task of its own, and everything it does must happen in tasks started from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from videosdk.agents import AgentSession, Pipeline

from customer_agent.agent import CustomerAgent
from customer_agent.background import Attaching, Sharing
from customer_agent.confirmations import Confirmations
from customer_agent.delivery import Delivery
from customer_agent.floor import Floor
from customer_agent.gateway_client import Gateway
from customer_agent.notices import Notices
from customer_agent.outcomes import Outcome
from customer_agent.patience import Patience
from customer_agent.questions import OpenQuestions
from customer_agent.runtime import isolate_session, on_any_state_change
from customer_agent.settings import OnHangup
from customer_agent.steady_model import SORRY, SteadyModel
from customer_agent.voice import STUCK_SECONDS, SessionVoice
from shared.conversation import name_of_conversation
from shared.telemetry import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the agent behaves; the same for all conversations of a process."""

    instructions: str
    greeting: str
    hold_line_seconds: float = 20.0
    on_hangup: OnHangup = OnHangup.ROUTE
    longest_utterance_seconds: float = STUCK_SECONDS
    patience: Patience = field(default_factory=Patience)
    sharing: Sharing = field(default_factory=Sharing)


def _nothing(_: object) -> None:
    """Ignore how many questions are open, or what came with an answer."""


class Conversation:
    """A running conversation. Made by `open_conversation`."""

    def __init__(
        self, session: AgentSession, pipeline: Pipeline, floor: Floor, delivery: Delivery
    ) -> None:
        self.session = session
        self.leave_questions = False
        """Set before closing when another agent is to pick up the open questions."""
        self._pipeline = pipeline
        self._floor = floor
        self._delivery = delivery

    async def start(self) -> None:
        """Start talking, where there is no room that does it."""
        await self.session.start()

    async def hear(self, text: str) -> None:
        """Take what the customer wrote through one whole turn; never raises for a model's sake."""
        self._delivery.note_customer()
        async with self._floor:
            try:
                await self._pipeline.send_text_message(text)
            except Exception:  # noqa: BLE001  The border to models of any make: talk goes on.
                _log.exception("turn_failed")
                await self.session.say(SORRY)
            self._floor.sound()


@asynccontextmanager
async def open_conversation(
    *,
    conversation_id: str,
    gateway: Gateway,
    build_pipeline: Callable[[Notices], Pipeline],
    manner: Manner,
    on_open_questions: Callable[[int], None] = _nothing,
    on_files: Callable[[Outcome], None] = _nothing,
) -> AsyncGenerator[Conversation]:
    """Open a conversation in the current task, and close it at the end of the block.

    When the block ends or the room closes the session, nothing more is told, and the open
    questions are let go of as configured. `on_files` hears of answers that came with files, once
    the customer was told.
    """
    isolate_session()
    notices, floor = Notices(), Floor()
    pipeline = build_pipeline(notices)
    model = SteadyModel(pipeline.llm, notices)

    def settled(outcome: Outcome) -> None:
        delivery.add(outcome)

    def told(outcome: Outcome) -> None:
        confirmations.note(outcome)
        if outcome.files:
            on_files(outcome)

    def count_changed(count: int) -> None:
        delivery.note_open_questions(count)
        on_open_questions(count)

    questions = OpenQuestions(
        gateway,
        conversation_id=conversation_id,
        on_outcome=settled,
        on_change=count_changed,
        patience=manner.patience,
    )
    confirmations = Confirmations(gateway, patience=manner.patience)
    telling: asyncio.Task[None] | None = None

    async def before_exit() -> None:
        # The session is still whole here. Later, a reply in progress would run into its ruins.
        if telling is not None:
            telling.cancel()
            await asyncio.wait([telling])
        leaves = conversation.leave_questions
        await questions.hang_up(OnHangup.LEAVE if leaves else manner.on_hangup)

    agent = CustomerAgent(
        instructions=f"{manner.instructions.strip()}\n\n{notices.explain()}",
        questions=questions,
        attaching=Attaching(
            notices,
            conversation_id=conversation_id,
            sharing=manner.sharing,
            clock=asyncio.get_running_loop().time,
        ),
        greeting=manner.greeting,
        before_exit=before_exit,
    )
    session = AgentSession(agent=agent, pipeline=pipeline)
    on_any_state_change(session, floor.sound)
    delivery = Delivery(
        SessionVoice(
            session,
            model_failures=lambda: model.failures,
            stuck_after=manner.longest_utterance_seconds,
        ),
        floor,
        notices,
        on_told=told,
        hold_line_after=manner.hold_line_seconds,
    )
    conversation = Conversation(session, pipeline, floor, delivery)
    async with asyncio.TaskGroup() as tasks, confirmations, questions:
        telling = tasks.create_task(
            delivery.run(), name=f"tell-{name_of_conversation(conversation_id)}"
        )
        try:
            yield conversation
        finally:
            await session.close()
