"""The server with the suite's tools: the product's application, extension and store around them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import uvicorn
from mcp.server.mcpserver.server import MCPServer
from support.gateway import caller

from conformance.fixture_tasks import ONLY_TASKS, TASK_TOOLS, Stage, read, show
from conformance.fixture_tools import plain_tools
from mcp_gateway.app import build_app
from mcp_gateway.asking import Asking
from mcp_gateway.caller import Caller
from mcp_gateway.settings import LOOPBACK_AGENT, GatewaySettings
from mcp_gateway.tasks.escalations import EscalationTasks
from mcp_gateway.tasks.extension import TasksExtension
from mcp_gateway.tasks.listening import TaskSubscriptions
from mcp_gateway.terms import terms_in_force
from shared.redis_adapter.connection import open_client, open_subscriber
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.redis_adapter.waiting import RedisReplyWaiter
from shared.settings import load


def whoever_calls() -> Caller:
    """Take everybody for the one agent of this host."""
    return caller(LOOPBACK_AGENT)


async def everybody_is_let_in() -> bool:
    """Keep nobody out: there are no keys here."""
    return True


async def serve(settings: GatewaySettings) -> None:
    """Serve until told to stop."""
    keys = Keys(settings.redis_key_prefix)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_client(settings))
        subscriber = await stack.enter_async_context(open_subscriber(settings))
        store = RedisEscalationStore(redis, keys)
        discussion = RedisDiscussion(redis, keys)
        waiter = RedisReplyWaiter(redis, subscriber, keys)
        asking = Asking(
            store,
            waiter,
            discussion,
            terms=terms_in_force(settings),
            retention=settings.retention,
        )
        tasks = EscalationTasks(asking, waiter, show=show, read=read)
        async with asyncio.TaskGroup() as group:
            group.create_task(waiter.run())
            stage = Stage(asking, store, discussion, waiter, group)
            server = MCPServer[None](
                "conformance-fixture",
                version="1",
                tools=[*plain_tools(), *stage.tools()],
                extensions=[
                    TasksExtension(
                        tasks,
                        tools=TASK_TOOLS,
                        only_tasks=ONLY_TASKS,
                        owner=whoever_calls,
                    )
                ],
                middleware=[
                    TaskSubscriptions(tasks, owner=whoever_calls, is_let_in=everybody_is_let_in)
                ],
            )
            config = uvicorn.Config(
                build_app(server, store, settings),
                host=settings.gateway_host,
                port=settings.gateway_port,
                access_log=False,
                timeout_graceful_shutdown=1,
            )
            # It ends with the signal that it was told to stop by, and the rest with it.
            await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(load(GatewaySettings)))
