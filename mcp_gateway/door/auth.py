"""Who calls, by what is sent as `Authorization: Bearer …`: a key, or a token of an OAuth issuer."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Protocol

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from pydantic import SecretStr

from mcp_gateway.caller import Caller
from shared.access_keys import AccessKeys, digest_of, read_token
from shared.errors import TooManyCallsError
from shared.limits import Admission, Counted, Limits


class CallerToken(AccessToken):
    """What the SDK carries along with a request.

    It wants the token back and nothing reads it, so that it does not get the secret.
    """

    caller: Caller
    key_id: str | None = None
    """The stored key that it came with, which may be revoked while its request is served."""

    @classmethod
    def of(cls, caller: Caller, scopes: list[str], *, key_id: str | None = None) -> CallerToken:
        """Let a caller in."""
        principal = f"{caller.tenant}/{caller.agent}"
        return cls(token="", client_id=principal, scopes=scopes, caller=caller, key_id=key_id)


class Doorkeeper(Protocol):
    """Knows one kind of proof."""

    async def who(self, token: str) -> CallerToken | None:
        """Tell who sent this; None where it proves nothing.

        Raises:
            StoreUnavailableError: It can't be told now.
        """
        ...


class Doorkeepers:
    """The SDK's `TokenVerifier`: whoever one of these knows is let in."""

    def __init__(self, *doorkeepers: Doorkeeper) -> None:
        self._doorkeepers = doorkeepers

    async def verify_token(self, token: str) -> AccessToken | None:
        """See `TokenVerifier.verify_token`.

        Raises:
            StoreUnavailableError: It can't be told now.
        """
        for each in self._doorkeepers:
            if (known := await each.who(token)) is not None:
                return known
        return None


class ConfiguredKeys:
    """The keys of the settings: each the name of an agent, which is its own tenant."""

    def __init__(
        self, keys: Mapping[str, SecretStr], limits: Limits, *, scopes: list[str] | None = None
    ) -> None:
        self._limits = limits
        self._scopes = scopes or []
        self._digests = {name: digest_of(key.get_secret_value()) for name, key in keys.items()}

    async def who(self, token: str) -> CallerToken | None:
        """Find whose key this is.

        Digests of equal length are compared, every one of them, in constant time: how long
        it takes tells nothing about how much of a key was right, or whose.
        """
        presented, found = digest_of(token), None
        for name, digest in self._digests.items():
            if hmac.compare_digest(presented, digest):
                found = name
        if found is None:
            return None
        return CallerToken.of(Caller(found, found, self._limits), self._scopes)


class StoredKeys:
    """The keys that `hitl key create` made. A revoked one is refused from the next call on."""

    def __init__(
        self, keys: AccessKeys, limits: Limits, *, scopes: list[str] | None = None
    ) -> None:
        self._keys = keys
        self._limits = limits
        self._scopes = scopes or []

    async def who(self, token: str) -> CallerToken | None:
        """See `Doorkeeper.who`."""
        if (read := read_token(token)) is None:
            return None
        key_id, secret = read
        key = await self._keys.find(key_id)
        if key is None or not key.opens_with(secret):
            return None
        routes = None if key.routes is None else frozenset(key.routes)
        caller = Caller(key.agent, key.tenant, key.limits(self._limits), routes)
        return CallerToken.of(caller, self._scopes, key_id=key_id)


def proven_caller() -> Caller | None:
    """Tell who makes the request that is being served; None who proved nothing."""
    token = get_access_token()
    return token.caller if isinstance(token, CallerToken) else None


class Calling:
    """Names the caller of the request that is being served."""

    def __init__(self, nobody: Caller, keys: AccessKeys) -> None:
        self._nobody = nobody
        self._keys = keys

    def __call__(self) -> Caller:
        """Tell who calls; who proved nothing was let in as the one agent of this host."""
        return proven_caller() or self._nobody

    async def is_still_let_in(self) -> bool:
        """Tell whether the caller's key or token opens now, too, however old its request is.

        Raises:
            StoreUnavailableError: It can't be told now.
        """
        token = get_access_token()
        if not isinstance(token, CallerToken):
            return True
        if token.expires_at is not None and token.expires_at <= time.time():
            return False
        return token.key_id is None or await self._keys.find(token.key_id) is not None


class Admitting:
    """Lets the caller's requests in, as often as they may come."""

    def __init__(self, calling: Calling, admission: Admission) -> None:
        self._calling = calling
        self._admission = admission

    async def __call__(self, counted: Counted) -> None:
        """Let one request in.

        Raises:
            TooManyCallsError: The caller calls too often.
            StoreUnavailableError: It can't be told now.
        """
        caller = self._calling()
        wait = await self._admission.admit(caller.tenant, caller.agent, caller.limits, counted)
        if wait is not None:
            rate = caller.limits.rate(counted)
            raise TooManyCallsError(rate.per_second, wait, what=counted)
