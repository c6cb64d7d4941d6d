"""The tools, as agents see them: parse, call `asking`, render."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from mcp.server.mcpserver.context import Context
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import AfterValidator, Field

from mcp_gateway.asking import Asking
from mcp_gateway.door.auth import Calling
from mcp_gateway.holding import Patience, hold_seconds
from mcp_gateway.results.rendering import (
    AnswerResult,
    QuestionList,
    Status,
    render,
    render_delivery,
    render_list,
    states_of,
    status_of,
)
from mcp_gateway.tasks.extension import takes_tasks
from mcp_gateway.tools.arguments import known_route, quorum, read_form, read_question
from mcp_gateway.tools.attachable import CustomerFacts, Links, Turns, attached
from mcp_gateway.tools.conversation_tool import end_conversation_tool
from mcp_gateway.tools.strict_tool import Admit, StrictTool
from mcp_gateway.waiting import Hold
from shared.escalation import REASON_LIMIT, Escalation, News
from shared.question import (
    APPROVALS_LIMIT,
    DEFAULT_ROUTE,
    OPTIONS_LIMIT,
    QUESTION_LIMIT,
    Option,
    Question,
    Urgency,
)
from shared.texts import FilledText, Reference, Text, distinct

INSTRUCTIONS: Final = """\
Asks a person when you meet a question that you must not decide alone: a discount, a refund, a \
fact that only staff know. ask_human returns the answer, or "pending" with an id when nobody has \
answered yet: go on talking and call check_answer with that id. request_approval is for an action \
that people must allow: "approved" or "denied". Status "needs_info" means that a person asks you \
back: reply with send_to_operator. Only "answered", "approved" and "denied" are a person's word, \
unless provenance says "fallback": that was prepared for when nobody answers. Never decide the \
question yourself because nobody answered. Once the customer has been told, confirm_delivery lets \
the people who were asked see it. When the customer has gone, end_conversation."""

_ASK_AGAIN: Final = (
    "the question may have been accepted. Please try again with the same words or the same "
    "idempotency_key: it will not be asked twice"
)
_TELL_AGAIN: Final = (
    "it may have been told all the same. Please try again with the same message: it will not be "
    "told twice"
)

TASK_TOOLS: Final = ("ask_human", "request_approval")
"""The tools whose work goes on behind the call, as a task where the caller takes tasks."""

Call = Context[Any, Any]
WaitSeconds = Annotated[
    float,
    Field(
        ge=0,
        le=3600,
        description="Return after this many seconds, answered or not. "
        "Leave it out unless you know how long your calls may take.",
    ),
]
EscalationId = Annotated[
    FilledText,
    Field(max_length=64, description="The id that ask_human or request_approval returned."),
]
Summary = Annotated[
    Text,
    Field(
        max_length=QUESTION_LIMIT,
        description="What the person needs to know to decide, in short.",
    ),
]
Options = Annotated[
    list[Option],
    Field(min_length=2, max_length=OPTIONS_LIMIT, description="Answers to choose from."),
    AfterValidator(distinct),
]
HowSoon = Annotated[Literal["low", "normal", "high"], Field(description="How soon it is needed.")]
Route = Annotated[Reference, Field(description="Which people to ask.")]
ConversationId = Annotated[
    Reference, Field(description="The conversation in which the question came up.")
]
IdempotencyKey = Annotated[
    Reference,
    Field(
        description="The same key gives the same question: use it to ask again. "
        "Another question needs another key."
    ),
]
AnswerSchema = Annotated[
    dict[str, Any],
    Field(
        description="A flat JSON Schema object (string, number, integer, boolean, enum fields) "
        "that the person fills in; the result comes as `values`."
    ),
]


def build_tools(
    asking: Asking, calling_agent: Calling, admit: Admit, *, patience: Patience
) -> list[StrictTool]:
    """Build the gateway's tools over one use-case."""

    async def shown(ctx: Call, escalation: Escalation) -> CallToolResult:
        """Render where a question stands, with the files of its answer."""
        revision = ctx.request_context.protocol_version
        return render(escalation, await asking.images(escalation), revision=revision)

    async def ask(
        ctx: Call, question: Question, idempotency_key: str | None, wait_seconds: float | None
    ) -> CallToolResult:
        hold = _first_hold(ctx, wait_seconds, patience)
        return await shown(
            ctx,
            await asking.ask(calling_agent(), question, idempotency_key=idempotency_key, hold=hold),
        )

    async def ask_human(
        ctx: Call,
        question: Annotated[
            FilledText,
            Field(max_length=QUESTION_LIMIT, description="What you want to know, for a person."),
        ],
        context: Summary | None = None,
        turns: Turns | None = None,
        facts: CustomerFacts | None = None,
        links: Links | None = None,
        options: Options | None = None,
        options_only: Annotated[
            bool, Field(description="True if nothing but one of the options will do.")
        ] = False,
        answer_schema: AnswerSchema | None = None,
        urgency: HowSoon = "normal",
        route: Route = DEFAULT_ROUTE,
        conversation_id: ConversationId | None = None,
        idempotency_key: IdempotencyKey | None = None,
        wait_seconds: WaitSeconds | None = None,
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Ask a person a question that you must not decide alone.

        Returns the person's answer, or status "pending" with an id for check_answer.
        """
        asked = read_question(
            text=question,
            context=context,
            options=tuple(options or ()),
            options_only=options_only,
            form=None if answer_schema is None else read_form(answer_schema),
            urgency=Urgency(urgency),
            route=known_route(asking.terms, calling_agent(), route),
            conversation_id=conversation_id,
            background=attached(turns, facts, links),
        )
        return await ask(ctx, asked, idempotency_key, wait_seconds)

    async def request_approval(
        ctx: Call,
        action: Annotated[
            FilledText,
            Field(max_length=QUESTION_LIMIT, description="What you want to do, for a person."),
        ],
        details: Summary | None = None,
        turns: Turns | None = None,
        facts: CustomerFacts | None = None,
        links: Links | None = None,
        approvals_needed: Annotated[
            int,
            Field(
                ge=1,
                le=APPROVALS_LIMIT,
                description="How many different people must approve. A route may ask for more.",
            ),
        ] = 1,
        urgency: HowSoon = "normal",
        route: Route = DEFAULT_ROUTE,
        conversation_id: ConversationId | None = None,
        idempotency_key: IdempotencyKey | None = None,
        wait_seconds: WaitSeconds | None = None,
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Ask people to allow an action that you must not take alone.

        Returns status "approved" or "denied" with their comment, or "pending" with an id for
        check_answer. One person who denies is enough.
        """
        asked = read_question(
            text=action,
            context=details,
            approvals_needed=quorum(asking.terms, calling_agent(), route, approvals_needed),
            urgency=Urgency(urgency),
            route=known_route(asking.terms, calling_agent(), route),
            conversation_id=conversation_id,
            background=attached(turns, facts, links),
        )
        return await ask(ctx, asked, idempotency_key, wait_seconds)

    async def send_to_operator(
        ctx: Call,
        escalation_id: EscalationId,
        message: Annotated[
            FilledText,
            Field(max_length=QUESTION_LIMIT, description="Your reply, for the person."),
        ],
        wait_seconds: WaitSeconds | None = None,
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Reply to a person who asked back, or add to an open question; then wait again."""
        hold = _hold(ctx, wait_seconds, patience)
        return await shown(
            ctx, await asking.tell_operator(calling_agent(), escalation_id, message, hold=hold)
        )

    async def check_answer(
        ctx: Call,
        escalation_id: EscalationId,
        wait_seconds: WaitSeconds | None = None,
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Go on waiting for the answer to a question that was asked before.

        Also takes up a conversation again that had ended.
        """
        return await shown(
            ctx,
            await asking.check(
                calling_agent(), escalation_id, hold=_hold(ctx, wait_seconds, patience)
            ),
        )

    async def cancel_question(
        ctx: Call,
        escalation_id: EscalationId,
        reason: Annotated[
            Text, Field(max_length=REASON_LIMIT, description="Why, for the people asked.")
        ]
        | None = None,
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Take a question back because its answer is no longer wanted."""
        return await shown(ctx, await asking.cancel(calling_agent(), escalation_id, reason=reason))

    async def confirm_delivery(
        escalation_id: EscalationId,
        late_answer: Annotated[
            bool,
            Field(description="True when it was the late answer that the customer was told."),
        ] = False,
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Say that the customer was told how a question ended, so that nobody tells it again.

        The people who answered see it. Not needed for the answer to count.
        """
        news = News.LATE_ANSWER if late_answer else News.OUTCOME
        return render_delivery(await asking.confirm_delivery(calling_agent(), escalation_id, news))

    async def list_questions(
        conversation_id: Annotated[Reference, Field(description="Only those of this conversation.")]
        | None = None,
        status: Annotated[Status, Field(description="Only those that stand so.")] | None = None,
    ) -> Annotated[CallToolResult, QuestionList]:
        """List your questions, newest first, at most 100.

        Looks at your newest 1,000, or at the newest 1,000 of the conversation that you name.
        """
        found = await asking.list_questions(
            calling_agent(),
            conversation_id=conversation_id,
            states=None if status is None else states_of(status),
            wanted=lambda each: status in {None, status_of(each)},
        )
        return render_list(found)

    writes = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
    cancels = ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
    )
    # Whoever waits again has taken its conversation up, and whoever confirms has told its customer:
    # people see both. Once is as good as often.
    notes = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
    )
    # Even a list settles the answers in it, which from then on no edit changes.
    settles = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    return [
        StrictTool.of(ask_human, admit=admit, annotations=writes, if_uncertain=_ASK_AGAIN),
        StrictTool.of(request_approval, admit=admit, annotations=writes, if_uncertain=_ASK_AGAIN),
        StrictTool.of(send_to_operator, admit=admit, annotations=writes, if_uncertain=_TELL_AGAIN),
        StrictTool.of(check_answer, admit=admit, annotations=notes),
        StrictTool.of(cancel_question, admit=admit, annotations=cancels),
        end_conversation_tool(asking, calling_agent, admit),
        StrictTool.of(confirm_delivery, admit=admit, annotations=notes),
        StrictTool.of(list_questions, admit=admit, annotations=settles),
    ]


def _first_hold(ctx: Call, wait_seconds: float | None, patience: Patience) -> Hold:
    """Decide it for a call that asks: who takes tasks has one at once, and need not wait.

    Where such a caller says how long it would wait all the same, it does.
    """
    if wait_seconds is None and takes_tasks(ctx.request_context):
        return Hold(0.0)
    return _hold(ctx, wait_seconds, patience)


def _hold(ctx: Call, wait_seconds: float | None, patience: Patience) -> Hold:
    """Decide how long this call is held, and whether its caller hears of progress."""
    meta = ctx.request_context.meta or {}
    progress = meta.get("progress_token") is not None
    seconds = hold_seconds(patience, ctx.headers, wanted=wait_seconds, progress=progress)
    if not progress:
        return Hold(seconds)

    async def on_progress(passed: float, total: float) -> None:
        await ctx.report_progress(round(passed, 1), round(total, 1), "waiting for a person")

    return Hold(seconds, on_progress)
