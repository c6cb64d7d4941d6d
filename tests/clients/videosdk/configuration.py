"""A stock VideoSDK agent's servers: the gateway over HTTP, or by way of `hitl stdio`."""

import os

from videosdk.agents import MCPServerHTTP, MCPServerStdio


def over_http() -> MCPServerHTTP:
    return MCPServerHTTP(
        endpoint_url=os.environ["GATEWAY_URL"],  # must end in /mcp
        request_headers={"Authorization": f"Bearer {os.environ['GATEWAY_API_KEY']}"},
    )


def over_stdio() -> MCPServerStdio:
    return MCPServerStdio(
        executable_path="hitl",
        process_arguments=["stdio"],
        environment_vars={name: os.environ[name] for name in ("GATEWAY_URL", "GATEWAY_API_KEY")},
    )
