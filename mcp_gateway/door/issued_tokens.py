"""Tokens that an OAuth issuer signed (JWT): read, checked, and turned into callers.

What is checked: the signature by one of the issuer's published keys (JWKS), the issuer, the
audience, which must be this gateway, and the times. Scopes are the SDK's to check.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import jwt
from jwt import PyJWK, PyJWKClient
from jwt.exceptions import InvalidSignatureError, PyJWTError

from mcp_gateway.caller import Caller
from mcp_gateway.door.auth import CallerToken
from shared.access_keys import ISSUED, NAME_LIMIT
from shared.errors import StoreUnavailableError
from shared.limits import Limits
from shared.telemetry import get_logger
from shared.texts import digest, is_blank, printable

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
TRIED: Final = 4
"""Keys that are tried for a token which names none of them. An issuer has two of a kind while it
goes from one to the next; whoever sends garbage makes us check it so often."""
SHORTENED_BY: Final = 20
"""Characters of a long name's digest that it ends with: 80 bits."""
AGENT_CLAIMS: Final = ("client_id", "azp", "sub")
"""Where the agent's name stands, the first that is there: RFC 9068, OpenID Connect, RFC 7519."""


class SigningKeys:
    """An issuer's public keys, read when they are needed."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_SECONDS)
        self._clock = clock
        self._keys: tuple[PyJWK, ...] = ()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()

    async def find(self, key_id: str | None, algorithm: str) -> tuple[PyJWK, ...]:
        """Find the keys that may have signed a token so; none where the issuer publishes none.

        Those with the id that it names; where it names none, or none has it, those that may be
        meant all the same, at most `TRIED`. An issuer may leave ids out (RFC 7517, 4.5).

        Raises:
            StoreUnavailableError: The issuer does not answer, and what was read is too old.
        """
        if not self._is_fresh() or not self._fitting(key_id, algorithm):
            await self.read_again()
        if not self._is_fresh():
            raise StoreUnavailableError("the OAuth issuer's keys can't be read now")
        return self._fitting(key_id, algorithm)

    async def read_again(self) -> bool:
        """Read the keys anew, unless they were a moment ago; tell whether there may be others."""
        seen = self._read_at
        async with self._reading:
            if self._read_at == seen and not self._was_tried_just_now():
                await self._read()
            return self._read_at != seen  # others may have waited for it too

    def _fitting(self, key_id: str | None, algorithm: str) -> tuple[PyJWK, ...]:
        """Pick keys that are meant for this algorithm: what a token says of itself proves nothing.

        A key has one algorithm, its own or that of its kind, so no token can have it read as
        another kind of key.
        """
        fitting = [key for key in self._keys if key.algorithm_name == algorithm]
        if key_id is None:
            return tuple(fitting[:TRIED])
        named = tuple(key for key in fitting if key.key_id == key_id)
        return named or tuple(key for key in fitting if not key.key_id)[:TRIED]

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < FRESH_SECONDS

    def _was_tried_just_now(self) -> bool:
        return self._tried_at is not None and self._clock() - self._tried_at < AGAIN_SECONDS

    async def _read(self) -> None:
        self._tried_at = self._clock()
        try:
            found = await asyncio.to_thread(self._client.get_jwk_set)
        except (PyJWTError, ValueError, OSError) as error:
            log.warning("issuer_keys_not_read", reason=type(error).__name__)
            return
        signing = tuple(key for key in found.keys if key.public_key_use in {"sig", None})
        if not signing:
            log.warning("issuer_keys_not_read", reason="none of them is for signatures")
            return
        self._keys = signing
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
        algorithm, key_id = header.get("alg"), header.get("kid") or None
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            return None
        try:
            keys = await self._keys.find(key_id, algorithm)
            claims = self._checked(token, keys)
            # By its id alone a key can't be told from one that is not known yet where it has none.
            guessed = bool(keys) and (key_id is None or keys[0].key_id != key_id)
            if claims is None and guessed and await self._keys.read_again():
                claims = self._checked(token, await self._keys.find(key_id, algorithm))
        except (PyJWTError, TypeError, ValueError) as error:
            log.info("token_refused", reason=type(error).__name__)
            return None
        if claims is None:
            log.info("token_refused", reason="no key of the issuer's signed it")
            return None
        try:
            return self._caller(claims)
        except ValueError as error:
            log.info("token_refused", reason=f"a name in it {error}")
            return None

    def _checked(self, token: str, keys: Sequence[PyJWK]) -> dict[str, Any] | None:
        """Check a token, and read what the issuer says in it; None where none of these signed it.

        Raises:
            PyJWTError: It is the issuer's, but not for us, too old, or for later.
        """
        for key in keys:
            try:
                return self._claims(token, key)
            except InvalidSignatureError:
                continue
        return None

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
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
        """Read who it is about; None where it does not say.

        Raises:
            ValueError: A name is no text: it could be neither kept nor written into an answer.
        """
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

    Raises:
        ValueError: It is no text.
    """
    if not isinstance(value, str):
        return None
    name = printable(value.strip())
    if is_blank(name):
        return None
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
