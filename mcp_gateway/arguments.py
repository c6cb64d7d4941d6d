"""Reads what no single argument's type can say; what is wrong is told as an error of the tool."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from mcp_gateway.strict_tool import refusal_of
from mcp_gateway.terms import Terms
from shared.answer_form import AnswerForm
from shared.question import Question
from shared.routes_in_force import InForce


def known_route(terms: InForce[Terms], route: str) -> str:
    """Take the name of a route.

    Raises:
        ToolError: There is no such route.
    """
    if route not in terms.names:
        raise ToolError(f"route: must be one of {', '.join(terms.names)}, not {route!r}")
    return route


def quorum(terms: InForce[Terms], route: str, wanted: int) -> int:
    """Tell how many must approve: as many as the route says, whatever the agent would like.

    Raises:
        ToolError: The agent wants more than the route asks, or there is no such route.
    """
    needed = terms.of(known_route(terms, route)).quorum
    if needed is None:
        return wanted
    if wanted > needed:
        raise ToolError(
            f"approvals_needed: must be at most {needed} on the route {route!r}, not {wanted}"
        )
    return needed


def read_question(**fields: Any) -> Question:
    """Put a question together.

    Raises:
        ToolError: Two of its arguments contradict each other.
    """
    try:
        return Question(**fields)
    except ValidationError as error:
        raise ToolError(refusal_of(error)) from error


def read_form(schema: dict[str, Any]) -> AnswerForm:
    """Read a form.

    Raises:
        ToolError: It is not in the subset of JSON Schema that people can be shown.
    """
    try:
        return AnswerForm.model_validate(schema)
    except ValidationError as error:
        raise ToolError(refusal_of(error, within="answer_schema")) from error
