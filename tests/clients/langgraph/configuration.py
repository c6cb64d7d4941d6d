"""An agent of LangGraph whose tools are the gateway's."""

import os

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient


async def asking_agent(model):
    people = MultiServerMCPClient(
        {
            "people": {
                "transport": "streamable_http",
                "url": os.environ["GATEWAY_URL"],
                "headers": {
                    "Authorization": f"Bearer {os.environ['GATEWAY_API_KEY']}",
                    "Hold-Seconds": "50",  # its own limit is 300 s; a proxy's is often 60
                },
            }
        }
    )
    return create_agent(model, await people.get_tools())
