"""An agent of Pydantic AI whose tools are the gateway's."""

import os

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset

people = MCPToolset(
    os.environ["GATEWAY_URL"],
    headers={"Authorization": f"Bearer {os.environ['GATEWAY_API_KEY']}"},
)


def asking_agent(model) -> Agent:
    return Agent(model, toolsets=[people])
