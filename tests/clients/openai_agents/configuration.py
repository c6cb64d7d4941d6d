"""An agent of OpenAI's Agents SDK whose tools are the gateway's."""

import os

from agents import Agent
from agents.mcp import MCPServerStreamableHttp

people = MCPServerStreamableHttp(
    params={
        "url": os.environ["GATEWAY_URL"],
        "headers": {"Authorization": f"Bearer {os.environ['GATEWAY_API_KEY']}"},
    },
    client_session_timeout_seconds=30,  # 5 if not given: shorter than a call is held
)


def asking_agent(model) -> Agent:
    return Agent(name="Clerk", instructions="Ask people.", model=model, mcp_servers=[people])
