"""FastMCP's client, with a key."""

import os

from fastmcp import Client


def gateway(**options: object) -> Client:
    return Client(os.environ["GATEWAY_URL"], auth=os.environ["GATEWAY_API_KEY"], **options)
