"""Serving: the MCP server over HTTP with its health pages, or over standard input and output."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, contextmanager
from typing import Final

import uvicorn
from mcp.server.mcpserver.server import MCPServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.lifespan.on import LifespanOn

from mcp_gateway.asking import Asking
from mcp_gateway.caller import Caller
from mcp_gateway.door.access_settings import MCP_PATH
from mcp_gateway.door.assembling import (
    UnknownForNow,
    auth_settings,
    closed_by_keys,
    doorkeepers,
    make_room,
    refuse_an_empty_house,
    server_options,
    transport_security,
)
from mcp_gateway.door.auth import Admitting, Calling
from mcp_gateway.door.challenge import ScopesTold
from mcp_gateway.door.counting import Counting
from mcp_gateway.door.http_protocol import GuardedProtocol, OneLength
from mcp_gateway.door.names import PlainHost
from mcp_gateway.door.once_known import OnceKnown
from mcp_gateway.door.refusals import RefusalsTold
from mcp_gateway.door.tls import check_certificate
from mcp_gateway.door.well_formed import guard
from mcp_gateway.settings import LOOPBACK_AGENT, GatewaySettings
from mcp_gateway.tasks.escalations import EscalationTasks
from mcp_gateway.tasks.extension import TasksExtension
from mcp_gateway.tasks.listening import TaskSubscriptions
from mcp_gateway.terms import Terms
from mcp_gateway.tools.definitions import INSTRUCTIONS, TASK_TOOLS, build_tools
from shared.access_keys import AccessKeys
from shared.errors import ConfigurationError, StoreUnavailableError
from shared.fan_out import FanOut
from shared.limits import Admission, Limits
from shared.ports.waiting import Changes
from shared.redis_adapter.access_keys import RedisAccessKeys, RedisAdmission
from shared.redis_adapter.connection import open_client, open_subscriber
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.files import RedisAnswerFiles
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.scripts import Replicas
from shared.redis_adapter.store import RedisEscalationStore
from shared.redis_adapter.waiting import RedisReplyWaiter
from shared.routes_in_force import InForce
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)

DRAIN_SECONDS: Final = 0.5
NAME: Final = "human-escalation"
VERSION: Final = "0.1.0"
LOOPBACK_LIMITS: Final = Limits(calls_per_second=1000, open_questions=100_000)
"""Of all that ask on a host where nobody proves who they are: they can't be told apart."""


def build_server(
    asking: Asking,
    settings: GatewaySettings,
    keys: AccessKeys,
    admission: Admission,
    *,
    changes: Changes | None = None,
) -> MCPServer[None]:
    """Build the MCP server: the tools, what goes on as a task behind them, and who may call.

    Without `changes`, those who watch tasks hear of a change when it is next looked for.
    """
    verifier = doorkeepers(settings, keys)
    calling = Calling(Caller(LOOPBACK_AGENT, LOOPBACK_AGENT, LOOPBACK_LIMITS), keys)
    counting = Counting(Admitting(calling, admission))
    tools = build_tools(asking, calling, counting.let_call, patience=settings.patience)
    tasks = EscalationTasks(asking, changes or FanOut())
    server = MCPServer[None](
        NAME,
        title="Ask a person",
        instructions=INSTRUCTIONS,
        version=VERSION,
        tools=list(tools),
        extensions=[TasksExtension(tasks, tools=TASK_TOOLS, owner=calling)],
        middleware=[
            counting,
            TaskSubscriptions(tasks, owner=calling, is_let_in=calling.is_still_let_in),
        ],
        token_verifier=verifier,
        auth=auth_settings(settings) if verifier else None,
        log_level=settings.log_level,
    )
    # The SDK sets up logging of its own when it is built; ours is the one that stays.
    configure_logging(level=settings.log_level, style=settings.log_format)
    return server


def build_app(
    server: MCPServer[None], store: RedisEscalationStore, settings: GatewaySettings
) -> Starlette:
    """Build the web application: `/mcp`, `/healthz`, `/readyz`."""

    async def healthz(_: Request) -> Response:
        """Tell that the process lives."""
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        """Tell whether questions can be accepted now."""
        try:
            await store.ping()
        except StoreUnavailableError as error:
            return JSONResponse({"status": "unready", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "ready"})

    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        stateless_http=True,
        max_request_body_size=settings.gateway_body_limit,
        transport_security=transport_security(settings),
    )
    guard(server.session_manager, settings.gateway_body_limit)
    # It would send a caller, key and all, to http:// and to whatever name it gave as Host.
    app.router.redirect_slashes = False
    if settings.gateway_oauth_scopes:
        app.add_middleware(ScopesTold, scopes=settings.gateway_oauth_scopes)
    app.add_middleware(UnknownForNow)
    app.add_middleware(PlainHost)
    app.add_middleware(OneLength)
    app.add_middleware(RefusalsTold)
    app.add_route("/healthz", healthz)
    app.add_route("/readyz", readyz)
    return app


class GatewayServer(uvicorn.Server):
    """Uvicorn that says once it listens, and lets go of held calls as soon as it is to stop."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen.

        Raises:
            ConfigurationError: The address is not to be had. The log says what is wrong with it.
        """
        try:
            await super().startup(sockets)
        except SystemExit as error:
            if self.lifespan.should_exit:
                raise  # it is not the address: the application did not start
            raise ConfigurationError(
                f"GATEWAY_PORT: can't listen on {self.config.host}:{self.config.port}: stop what "
                "listens there, or choose another port, or another GATEWAY_HOST"
            ) from error
        self._on_start()

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to stop: also where the application ended by itself, which serves nobody."""
        return await super().on_tick(counter) or self.has_failed

    @property
    def has_failed(self) -> bool:
        """Whether what the application does beside its requests ended in an error."""
        return isinstance(self.lifespan, LifespanOn) and self.lifespan.error_occurred

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop in order on SIGTERM and SIGINT, and leave with exit code 0."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._told_to_stop, each)
        yield

    def _told_to_stop(self, told: signal.Signals) -> None:
        log.info("gateway_stopping", signal=told.name)
        self._on_stop()
        # A client that was let go of may ask a short question more, such as for the tool's schema,
        # before it is done with the call: the door stays open that long.
        loop = asyncio.get_running_loop()
        loop.call_later(DRAIN_SECONDS, self.handle_exit, told, None)


async def serve(settings: GatewaySettings, terms: InForce[Terms]) -> None:
    """Serve until told to stop; SIGHUP reads the file of routes again."""
    if settings.routes_file is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, terms.reload)
    check_certificate(settings)
    keys = Keys(settings.redis_key_prefix)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_client(settings))
        subscriber = await stack.enter_async_context(open_subscriber(settings))
        replicas = Replicas.wanted(settings, keys)
        store = RedisEscalationStore(redis, keys, replicas=replicas)
        waiter = RedisReplyWaiter(redis, subscriber, keys)
        asking = Asking(
            store,
            waiter,
            RedisDiscussion(redis, keys, replicas=replicas),
            terms=terms,
            retention=settings.retention,
            files=RedisAnswerFiles(redis, keys),
        )
        access_keys = RedisAccessKeys(redis, keys, replicas=replicas)
        await refuse_an_empty_house(settings, access_keys)
        admission = RedisAdmission(redis, keys)

        def server(settings: GatewaySettings) -> MCPServer[None]:
            return build_server(asking, settings, access_keys, admission, changes=waiter)

        async def app() -> Starlette:
            decided = await closed_by_keys(settings, access_keys)
            if not decided.is_closed:
                log.warning(
                    "gateway_without_keys",
                    meaning="every process on this host may ask; other hosts can't reach it",
                )
            return build_app(server(decided), store, decided)

        waiting = asyncio.create_task(waiter.run())
        serving = asyncio.create_task(
            server(settings).run_stdio_async()
            if settings.gateway_transport == "stdio"
            else _serve_http(OnceKnown(app), asking, settings)
        )
        try:
            # The waiter never ends by itself: if it does, that is a defect that must be seen.
            done, _ = await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (serving, waiting):
                task.cancel()
            await asyncio.gather(serving, waiting, return_exceptions=True)


async def _serve_http(app: ASGIApp, asking: Asking, settings: GatewaySettings) -> None:
    make_room()

    def listening() -> None:
        log.info(
            "gateway_listening",
            url=f"{settings.scheme}://{settings.host_in_url}:{settings.gateway_port}{MCP_PATH}",
            agents=sorted(settings.gateway_api_keys),
            issuer=settings.gateway_oauth_issuer or None,
        )

    config = uvicorn.Config(
        app,
        host=settings.gateway_host,
        port=settings.gateway_port,
        log_config=None,
        access_log=False,
        http=GuardedProtocol,
        ws="none",
        timeout_graceful_shutdown=settings.gateway_stop_seconds,
        **server_options(settings),
    )
    server = GatewayServer(config, listening, asking.stop_waiting)
    await server.serve()
    if server.has_failed:
        raise SystemExit(STARTUP_FAILURE)  # the log has the traceback
