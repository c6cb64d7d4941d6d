"""A gateway's server over stores in memory."""

from __future__ import annotations

from mcp.server.mcpserver.server import MCPServer

from mcp_gateway import app
from mcp_gateway.asking import Asking
from mcp_gateway.caller import Caller
from mcp_gateway.settings import GatewaySettings
from shared.access_keys import AccessKeys
from shared.limits import Admission, Limits
from shared.memory.access import MemoryAccessKeys, MemoryAdmission
from shared.ports.waiting import Changes


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
