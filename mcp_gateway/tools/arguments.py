"""Reads what no single argument's type can say; what is wrong is told as an error of the tool."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from mcp_gateway.caller import Caller
from mcp_gateway.results.bad_arguments import refusal_of
from mcp_gateway.terms import Terms
from mcp_gateway.tools.given_form import given_form
from shared.answer_form import AnswerForm
from shared.question import Question
from shared.routes_in_force import InForce


def known_route(terms: InForce[Terms], caller: Caller, route: str) -> str:
    """Take the name of a route by which the caller may ask.

    Raises:
        ToolError: There is no such route, or it is not open to this caller, which learns no more.
    """
    known = [name for name in terms.names if caller.may_ask_by(name)]
    if route not in known:
        open_to_it = ", ".join(known) or "none: its key allows no route that there is"
        raise ToolError(f"route: must be one of {open_to_it}, not {route!r}")
    return route


def quorum(terms: InForce[Terms], caller: Caller, route: str, wanted: int) -> int:
    """Tell how many must approve: as many as the route says, whatever the agent would like.

    Raises:
        ToolError: The agent wants more than the route asks, or there is no such route.
    """
    needed = terms.of(known_route(terms, caller, route)).quorum
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
        return given_form(schema)
    except ValidationError as error:
        raise ToolError(refusal_of(error, within="answer_schema")) from error
