"""What the bridge reads from its environment; a key never stands on a command line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from customer_agent.settings import GatewayUrl, OptionalSecret
from shared.settings import ProcessSettings


class BridgeSettings(ProcessSettings):
    """Where the gateway is, and how long the client waits.

    No `.env` is read: a client starts the bridge in whatever folder it works in, and what lies
    there must neither stop it (`LOG_LEVEL=debug`) nor say where the key is sent.
    """

    model_config = SettingsConfigDict(env_file=None)

    gateway_url: GatewayUrl = "http://127.0.0.1:8765/mcp"
    gateway_api_key: OptionalSecret = None
    gateway_hold_seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    """The longest that a call may be held for this client; the gateway's usual if not set."""
