"""FastMCP's client that takes tasks: importing the package is what turns them on."""

import os

import fastmcp_tasks  # noqa: F401
from fastmcp import Client


def gateway(**options: object) -> Client:
    return Client(os.environ["GATEWAY_URL"], auth=os.environ["GATEWAY_API_KEY"], **options)
