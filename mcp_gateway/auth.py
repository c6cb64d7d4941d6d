"""Who calls: bearer keys, each the name of an agent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from pydantic import SecretStr

from mcp_gateway.settings import LOOPBACK_AGENT


class KeyVerifier:
    """The SDK's `TokenVerifier` over the configured keys."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._digests = {name: _digest(key.get_secret_value()) for name, key in keys.items()}

    async def verify_token(self, token: str) -> AccessToken | None:
        """Find whose key this is.

        Digests of equal length are compared, every one of them, in constant time: how long
        it takes tells nothing about how much of a key was right, or whose.
        """
        presented, found = _digest(token), None
        for name, digest in self._digests.items():
            if hmac.compare_digest(presented, digest):
                found = name
        if found is None:
            return None
        # The SDK wants the token back; nothing reads it, so it does not get the secret.
        return AccessToken(token="", client_id=found, scopes=[])


def calling_agent() -> str:
    """Name the agent whose call is being served."""
    token = get_access_token()
    return token.client_id if token is not None else LOOPBACK_AGENT


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
