"""The shortest request that a gateway must let somebody in for, without a client around it."""

from __future__ import annotations

from typing import Any, Final

HELLO: Final[dict[str, Any]] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT: Final = {"Accept": "application/json, text/event-stream"}
