"""The tool by which an agent says that a conversation is over, and what it gets back."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

from mcp_gateway.asking import Asking
from mcp_gateway.conversations import Became, LetGo
from mcp_gateway.door.auth import Calling
from mcp_gateway.results.rendering import Status, status_of
from mcp_gateway.tools.strict_tool import Admit, StrictTool
from shared.escalation import REASON_LIMIT
from shared.texts import Reference, Text

_END_AGAIN: Final = (
    "some of the conversation's questions may have been let go of. Please try again: it is safe "
    "to repeat"
)


class LetGoQuestion(BaseModel):
    """A question that was open when the conversation ended."""

    escalation_id: str
    question: str
    became: Literal["cancelled", "kept", "had_ended"]
    """`kept`: its answer is still wanted, and can be read later. `had_ended`: by itself, just
    before."""
    status: Status


class EndedConversation(BaseModel):
    """What became of the questions that were open, newest first."""

    conversation_id: str
    questions: list[LetGoQuestion]
    next: str


def end_conversation_tool(asking: Asking, calling_agent: Calling, admit: Admit) -> StrictTool:
    """Build the tool over the gateway's use-case."""

    async def end_conversation(
        conversation_id: Annotated[
            Reference, Field(description="The conversation, as it was named when asking.")
        ],
        reason: Annotated[
            Text,
            Field(max_length=REASON_LIMIT, description="Why; shown where a question is cancelled."),
        ]
        | None = None,
    ) -> Annotated[CallToolResult, EndedConversation]:
        """Say that a conversation is over and the customer has gone.

        Each of your questions that is still open there is cancelled, or goes on without you, as
        its route says; the people who were asked see it. The answer to one that goes on is kept:
        check_answer and list_questions tell it. To take the conversation up again, just call
        check_answer or send_to_operator with one of its questions, or ask the same question again.
        """
        done = await asking.end_conversation(calling_agent(), conversation_id, reason=reason)
        return _render(conversation_id, done)

    return StrictTool.of(
        end_conversation,
        admit=admit,
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
        ),
        if_uncertain=_END_AGAIN,
    )


def _render(conversation_id: str, done: list[LetGo]) -> CallToolResult:
    kept = any(each.became is Became.KEPT for each in done)
    had_ended = any(each.became is Became.HAD_ENDED for each in done)
    result = EndedConversation(
        conversation_id=conversation_id,
        questions=[
            LetGoQuestion(
                escalation_id=each.escalation.id,
                question=each.escalation.question.text,
                became=each.became.value,
                status=status_of(each.escalation),
            )
            for each in done
        ],
        next=_next(kept=kept, had_ended=had_ended),
    )
    lines = [f"{each.became}  {each.escalation_id}" for each in result.questions]
    text = "\n".join(["The conversation is over.", *(lines or ["No question was open."])])
    return CallToolResult(
        content=[TextContent(type="text", text=f"{text}\n{result.next}")],
        structured_content=result.model_dump(mode="json"),
    )


def _next(*, kept: bool, had_ended: bool) -> str:
    if kept or had_ended:
        return "If the customer comes back, call check_answer with each that is not cancelled."
    return "Nothing more is to be done."
