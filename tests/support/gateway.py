"""A gateway's server over stores in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mcp import Client
from mcp.server.mcpserver.server import MCPServer

from mcp_gateway import app
from mcp_gateway.asking import Asking
from mcp_gateway.caller import Caller
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.terms import Terms
from shared.access_keys import AccessKeys
from shared.limits import Admission, Limits
from shared.memory.access import MemoryAccessKeys, MemoryAdmission
from shared.memory.discussion import MemoryDiscussion
from shared.memory.escalations import MemoryEscalations
from shared.ports.waiting import Changes
from shared.routes_in_force import InForce
from support.terms import the_terms


def asking_over(
    store: MemoryEscalations, *, terms: InForce[Terms] | None = None, **more: Any
) -> Asking:
    """Build the use-case over this store; `more` is what else it takes."""
    return Asking(
        store,
        store,
        MemoryDiscussion(store),
        terms=terms or the_terms(),
        retention=timedelta(hours=1),
        **more,
    )


def a_client(store: MemoryEscalations) -> Client:
    """Make a client of a gateway over this store. Open it in the test."""
    return Client(build_server(asking_over(store), GatewaySettings(_env_file=None)))  # pyright: ignore[reportCallIssue]


def build_server(
    asking: Asking,
    settings: GatewaySettings,
    *,
    keys: AccessKeys | None = None,
    admission: Admission | None = None,
    changes: Changes | None = None,
) -> MCPServer[None]:
    """Build the server with keys and counts of its own."""
    return app.build_server(
        asking,
        settings,
        keys or MemoryAccessKeys(),
        admission or MemoryAdmission(),
        changes=changes,
    )


def caller(name: str = "shop", *, tenant: str | None = None, open_questions: int = 200) -> Caller:
    """Make an agent that calls."""
    limits = Limits(calls_per_second=20, open_questions=open_questions)
    return Caller(name, tenant or name, limits)
