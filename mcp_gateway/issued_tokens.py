"""Tokens that an OAuth issuer signed (JWT): read, checked, and turned into callers.

What is checked: the signature by one of the issuer's published keys (JWKS), the issuer, the
audience, which must be this gateway, and the times. Scopes are the SDK's to check.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, cast

import jwt
from jwt import PyJWK, PyJWKClient
from jwt.exceptions import PyJWTError

from mcp_gateway.auth import CallerToken
from mcp_gateway.caller import Caller
from shared.access_keys import ISSUED, NAME_LIMIT
from shared.errors import StoreUnavailableError
from shared.limits import Limits
from shared.telemetry import get_logger
from shared.texts import digest, is_blank

log = get_logger(__name__)

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Those by a pair of keys. With one shared secret, whoever can check a token could make one."""
LEEWAY_SECONDS: Final = 30
"""The issuer's clock and ours may differ so much."""
FETCH_SECONDS: Final = 5
FRESH_SECONDS: Final = 300.0
"""For so long the issuer's keys are taken as they were read, so that one that it withdraws counts
no longer than that."""
AGAIN_SECONDS: Final = 10.0
"""Whoever sends tokens with invented key ids makes us read the issuer's keys no more often."""
SHORTENED_BY: Final = 20
"""Characters of a long name's digest that it ends with: 80 bits."""
AGENT_CLAIMS: Final = ("client_id", "azp", "sub")
"""Where the agent's name stands, the first that is there: RFC 9068, OpenID Connect, RFC 7519."""


class SigningKeys:
    """An issuer's public keys, read when they are needed."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_SECONDS)
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()

    async def find(self, key_id: str) -> PyJWK | None:
        """Find a key by its id; None where the issuer publishes none of this id.

        Raises:
            StoreUnavailableError: The issuer does not answer, and what was read is too old.
        """
        if self._is_worth_reading(key_id):
            async with self._reading:
                if self._is_worth_reading(key_id):  # still: others may have waited for it too
                    await self._read()
        if not self._is_fresh():
            raise StoreUnavailableError("the OAuth issuer's keys can't be read now")
        return self._keys.get(key_id)

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < FRESH_SECONDS

    def _is_worth_reading(self, key_id: str) -> bool:
        if self._tried_at is not None and self._clock() - self._tried_at < AGAIN_SECONDS:
            return False
        return key_id not in self._keys or not self._is_fresh()

    async def _read(self) -> None:
        self._tried_at = self._clock()
        try:
            found = await asyncio.to_thread(self._client.get_signing_keys)
        except (PyJWTError, ValueError, OSError) as error:
            log.warning("issuer_keys_not_read", reason=type(error).__name__)
            return
        self._keys = {key.key_id: key for key in found if key.key_id}
        self._read_at = self._clock()


class IssuedTokens:
    """Lets in whom the issuer vouches for. Each client of the issuer is a tenant of its own."""

    def __init__(
        self, keys: SigningKeys, *, issuer: str, audience: str, limits: Limits, tenant_claim: str
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._limits = limits
        self._tenant_claim = tenant_claim

    async def who(self, token: str) -> CallerToken | None:
        """See `Doorkeeper.who`."""
        try:
            header = jwt.get_unverified_header(token)
        except (PyJWTError, ValueError):
            return None
        key_id = header.get("kid")
        if header.get("alg") not in ALGORITHMS or not isinstance(key_id, str):
            return None
        key = await self._keys.find(key_id)
        if key is None:
            return None
        try:
            claims = self._claims(token, key)
        except (PyJWTError, TypeError, ValueError) as error:
            log.info("token_refused", reason=type(error).__name__)
            return None
        return self._caller(claims)

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        """Check a token, and read what the issuer says in it.

        Raises:
            PyJWTError: It is not the issuer's, not for us, too old, or for later.
        """
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )

    def _caller(self, claims: dict[str, Any]) -> CallerToken | None:
        agent = next((name for each in AGENT_CLAIMS if (name := _name(claims.get(each)))), None)
        tenant = _name(claims.get(self._tenant_claim)) if self._tenant_claim else agent
        if agent is None or tenant is None:
            log.info("token_refused", reason="it names no agent, or no tenant")
            return None
        caller = Caller(agent, f"{ISSUED}{tenant}", self._limits)
        token = CallerToken.of(caller, _scopes(claims))
        return token.model_copy(update={"expires_at": int(claims["exp"]) + LEEWAY_SECONDS})


def _name(value: object) -> str | None:
    """Take a claim for a name if it can be one. A long one is shortened, and stays one of a kind.

    Ids that are addresses (client id metadata documents) are often longer than a name may be. To
    pass over one and go by the next claim would make one agent, and one tenant, of all clients
    that act for the same user. None that fits as it is can look like one that was shortened.
    """
    if not isinstance(value, str) or is_blank(value):
        return None
    name = value.strip()
    if len(name) < NAME_LIMIT:
        return name
    mark = f"…{digest(name)[:SHORTENED_BY]}"
    return name[: NAME_LIMIT - len(mark)] + mark


def _scopes(claims: dict[str, Any]) -> list[str]:
    """Read the scopes: one text (RFC 8693), or a list, as some issuers have it."""
    value = claims.get("scope", claims.get("scp"))
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return [each for each in cast("list[object]", value) if isinstance(each, str)]
    return []
