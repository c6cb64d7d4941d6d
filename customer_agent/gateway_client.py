"""The only place that speaks MCP: asks the gateway, and reads what it answers.

Every call opens a connection of its own. A connection is bound to one task and dies as a whole
with the gateway, so a shared one would take all open questions down with it; opening one costs
milliseconds where a call is held for many seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from shared.background import Background
from shared.telemetry import get_logger

_log = get_logger(__name__)

TEXT_LIMIT: Final = 4_000
"""Characters that the gateway takes of a question, a context or a reply."""
_CONNECT_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 15.0
"""How much longer than the hold we read: the gateway ends the hold, never our own limit."""
_UNAUTHORISED: Final = frozenset({401, 403})


class GatewayError(Exception):
    """A call to the gateway brought no result."""


class GatewayUnreachableError(GatewayError):
    """The gateway or what it stands on is away; the same call may succeed later."""


class GatewayRefusedKeyError(GatewayUnreachableError):
    """The gateway does not know our key; someone has to set the right one."""

    def __init__(self, *, had_key: bool) -> None:
        problem = "refused our key" if had_key else "wants a key and we have none"
        super().__init__(
            f"the gateway {problem}: set GATEWAY_API_KEY to a key that the gateway knows, "
            "then start the agent again"
        )


class GatewayRejectedError(GatewayError):
    """The gateway refuses these arguments; asking the same again is of no use."""


class Status(StrEnum):
    """How a question stands, as the gateway names it."""

    PENDING = "pending"  # nobody has answered yet
    NEEDS_INFO = "needs_info"  # a person asked back, and waits for our reply
    ANSWERED = "answered"
    APPROVED = "approved"
    DENIED = "denied"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    UNDELIVERABLE = "undeliverable"

    @property
    def is_open(self) -> bool:
        """Whether an answer may still come."""
        return self in (Status.PENDING, Status.NEEDS_INFO)


class _FromWire(BaseModel):
    """A value read from the wire: unknown fields are a newer gateway's, and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AnsweredBy(_FromWire):
    """The person who decided."""

    id: str
    name: str


class AttachedFile(_FromWire):
    """A file that came with an answer."""

    name: str
    url: str


class Standing(_FromWire):
    """Where one question stands."""

    status: Status
    escalation_id: str
    question: str
    answer: str | None = None
    attachments: tuple[AttachedFile, ...] = ()
    asked_back: str | None = None
    """What a person wants to know before answering; all of it that we have not replied to."""
    reason: str | None = None
    answered_by: AnsweredBy | None = None
    late_answer: str | None = None
    """What a person answered after the deadline; of an answered question, how they corrected it."""
    late_attachments: tuple[AttachedFile, ...] = ()
    late_answered_by: AnsweredBy | None = None
    correctable_until: datetime | None = None
    """Until when a correction of the answer may come."""
    deadline: datetime
    delivered: bool = False
    """Whether an agent confirmed that the customer knows the newest of it."""


class ListedQuestion(_FromWire):
    """One question of `list_questions`."""

    escalation_id: str
    question: str
    status: Status
    asked_at: datetime
    deadline: datetime | None = None
    """None: an older gateway does not say it."""
    late_answer: str | None = None
    correctable_until: datetime | None = None
    delivered: bool = False
    """Whether an agent confirmed that the customer knows the newest of it."""


class _Listing(_FromWire):
    questions: list[ListedQuestion]


class _LetGoQuestion(_FromWire):
    escalation_id: str
    became: str


class _LetGo(_FromWire):
    questions: list[_LetGoQuestion]


ModelT = TypeVar("ModelT", bound=BaseModel)


class Gateway(Protocol):
    """What the agent needs of the gateway. Each verb raises `GatewayError` and nothing else."""

    async def ask(
        self,
        question: str,
        *,
        context: str | None,
        background: Background | None = None,
        conversation_id: str,
        idempotency_key: str,
        wait_seconds: float,
    ) -> Standing:
        """Ask, or find again what was asked with the same key; wait up to `wait_seconds`."""
        ...

    async def check(self, escalation_id: str, *, wait_seconds: float) -> Standing:
        """Wait up to `wait_seconds` for a question that is known by its id."""
        ...

    async def reply(self, escalation_id: str, message: str) -> Standing:
        """Reply to a person who asked back; the same reply is passed on once."""
        ...

    async def cancel(self, escalation_id: str, *, reason: str) -> None:
        """Take a question back; no error when it was settled in the meantime."""
        ...

    async def end_conversation(self, conversation_id: str, *, reason: str) -> dict[str, str]:
        """Say that the customer is gone; tell what became of each open question, by its id."""
        ...

    async def confirm_delivery(self, escalation_id: str, *, late_answer: bool) -> None:
        """Say that the customer knows the outcome, or the late answer; safe to repeat."""
        ...

    async def list_questions(self, conversation_id: str) -> list[ListedQuestion]:
        """List the questions of a conversation, settled ones included."""
        ...


class McpGateway:
    """The gateway over MCP's streamable HTTP."""

    def __init__(self, url: str, *, api_key: SecretStr | None, route: str | None = None) -> None:
        self._url = url
        self._api_key = api_key
        self._route = route
        # Made once: loading the certificates takes a hundred times as long as a call.
        self._tls = httpx2.create_ssl_context()

    async def ask(
        self,
        question: str,
        *,
        context: str | None,
        background: Background | None = None,
        conversation_id: str,
        idempotency_key: str,
        wait_seconds: float,
    ) -> Standing:
        """Ask a person. See `Gateway`."""
        arguments: dict[str, Any] = {
            "question": question,
            "conversation_id": conversation_id,
            "idempotency_key": idempotency_key,
            "wait_seconds": wait_seconds,
        }
        if context:
            arguments["context"] = context
        if self._route:
            arguments["route"] = self._route
        attached = {} if background is None else _arguments_of(background)
        try:
            result = await self._call("ask_human", {**arguments, **attached}, hold=wait_seconds)
        except GatewayRejectedError as error:
            if not attached:
                raise
            # What goes along must not keep a question from being asked: an older gateway, say,
            # knows nothing of it.
            _log.warning("asked_without_background", problem=str(error))
            result = await self._call("ask_human", arguments, hold=wait_seconds)
        return _parse(Standing, result)

    async def check(self, escalation_id: str, *, wait_seconds: float) -> Standing:
        """Wait on. See `Gateway`."""
        arguments = {"escalation_id": escalation_id, "wait_seconds": wait_seconds}
        return _parse(Standing, await self._call("check_answer", arguments, hold=wait_seconds))

    async def reply(self, escalation_id: str, message: str) -> Standing:
        """Reply to a person. See `Gateway`."""
        arguments = {"escalation_id": escalation_id, "message": message, "wait_seconds": 0}
        return _parse(Standing, await self._call("send_to_operator", arguments))

    async def cancel(self, escalation_id: str, *, reason: str) -> None:
        """Take a question back. See `Gateway`."""
        await self._call("cancel_question", {"escalation_id": escalation_id, "reason": reason})

    async def end_conversation(self, conversation_id: str, *, reason: str) -> dict[str, str]:
        """End a conversation. See `Gateway`."""
        arguments = {"conversation_id": conversation_id, "reason": reason}
        result = await self._call("end_conversation", arguments)
        return {each.escalation_id: each.became for each in _parse(_LetGo, result).questions}

    async def confirm_delivery(self, escalation_id: str, *, late_answer: bool) -> None:
        """Confirm a delivery. See `Gateway`."""
        arguments = {"escalation_id": escalation_id, "late_answer": late_answer}
        await self._call("confirm_delivery", arguments)

    async def list_questions(self, conversation_id: str) -> list[ListedQuestion]:
        """List questions. See `Gateway`."""
        result = await self._call("list_questions", {"conversation_id": conversation_id})
        return _parse(_Listing, result).questions

    async def _call(
        self, tool: str, arguments: Mapping[str, Any], *, hold: float = 0
    ) -> CallToolResult:
        """Call a tool over a connection of its own.

        Raises:
            GatewayRejectedError: The gateway refuses the arguments.
            GatewayUnreachableError: Anything that time may mend.
        """
        seen: list[int] = []

        async def note_status(response: httpx2.Response) -> None:
            seen.append(response.status_code)

        refusal: MCPError | None = None
        result: CallToolResult | None = None
        limit = hold + _GRACE_SECONDS
        try:
            async with (
                httpx2.AsyncClient(
                    headers=self._headers(),
                    verify=self._tls,
                    timeout=httpx2.Timeout(limit, connect=_CONNECT_SECONDS),
                    event_hooks={"response": [note_status]},
                ) as http,
                Client(
                    streamable_http_client(self._url, http_client=http),
                    read_timeout_seconds=limit,
                    cache=None,
                ) as client,
            ):
                try:
                    result = await client.call_tool(tool, dict(arguments))
                except MCPError as error:
                    # Kept in here: outside, the transport's task group has it wrapped in a group.
                    refusal = error
        except Exception as error:
            # The border: a gateway that dies in mid-call shows itself as groups around errors of
            # three libraries, and all mean the same to us.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # The transport's own error can take the place of the cancellation that caused it.
                raise asyncio.CancelledError from error
            # What was answered before the connection broke on closing still counts.
            if result is None and refusal is None:
                raise self._unreachable(seen, error) from error
        if refusal is not None:
            if refusal.code == INVALID_PARAMS:
                raise GatewayRejectedError(refusal.message) from refusal
            raise self._unreachable(seen, refusal) from refusal
        if result is None:
            raise GatewayUnreachableError("the gateway closed the connection without an answer")
        if result.is_error:
            raise _tool_error(result)
        return result

    def _headers(self) -> dict[str, str]:
        if self._api_key is None:
            return {}
        return {"Authorization": f"Bearer {self._api_key.get_secret_value()}"}

    def _unreachable(self, seen: list[int], error: BaseException) -> GatewayUnreachableError:
        if seen and seen[-1] in _UNAUTHORISED:
            return GatewayRefusedKeyError(had_key=self._api_key is not None)
        return GatewayUnreachableError(f"the gateway can't be reached: {_innermost(error)}")


def _arguments_of(background: Background) -> dict[str, Any]:
    """Name what is attached as the gateway's tool does; what is empty is left out."""
    attached = background.model_dump(mode="json")
    return {name: value for name, value in attached.items() if value}


def _tool_error(result: CallToolResult) -> GatewayError:
    """Tell an outage behind the gateway, which says "try again", from arguments it refuses."""
    text = " ".join(each.text for each in result.content if isinstance(each, TextContent))
    if "try again" in text.lower():
        return GatewayUnreachableError(text)
    return GatewayRejectedError(text or "the gateway gave no reason")


def _innermost(error: BaseException) -> str:
    """Name the first real error in nested groups: type and text, on one line."""
    while (inner := getattr(error, "exceptions", ())) and isinstance(inner[0], BaseException):
        error = inner[0]
    return f"{type(error).__name__} {' '.join(str(error).split())}".strip()[:300]


def _parse(model: type[ModelT], result: CallToolResult) -> ModelT:
    """Read a result's structured content.

    Raises:
        GatewayUnreachableError: It is not what the contract says: most likely something else
            answers at this address.
    """
    try:
        return model.model_validate(result.structured_content)
    except ValidationError as error:
        raise GatewayUnreachableError(
            "what answers at GATEWAY_URL does not speak like the gateway"
        ) from error
