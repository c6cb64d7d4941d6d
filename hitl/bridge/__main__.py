"""Starts the bridge: `hitl stdio`."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from hitl.bridge.envelope import Client
from hitl.bridge.forwarding import Bridge
from hitl.bridge.gateway import Gateway
from hitl.bridge.pipes import Wire
from hitl.bridge.settings import BridgeSettings
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import configure_logging


def main() -> int:
    """Run the bridge until its client closes its end; return the exit code."""
    try:
        settings = load(BridgeSettings)
    except ConfigurationError as error:
        sys.stderr.write(f"stdio: {error}\n")
        return 2
    configure_logging(level=settings.log_level, style=settings.log_format)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(_bridge(settings, Wire()))
        except* BrokenPipeError:
            pass  # the client is gone without a word
    return 0


async def _bridge(settings: BridgeSettings, wire: Wire) -> None:
    async with Gateway(settings) as gateway:
        client = Client(settings.gateway_hold_seconds)
        await Bridge(gateway, client, wire.send).run(wire.lines())


if __name__ == "__main__":
    sys.exit(main())
