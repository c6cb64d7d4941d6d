"""Access keys: what an agent shows the gateway, and what is kept of it, which is not enough to ask.

A key reads `hitl_ID_SECRET`. The id finds the record; of the secret only a digest is kept. A fast
digest will do: the secret has 256 random bits, so that nobody finds it by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Annotated, Final, Protocol

from pydantic import Field, field_validator

from shared.limits import CallsPerSecond, Limits, OpenQuestions
from shared.texts import FilledText, Reference, Value

NAME_LIMIT: Final = 64
"""Characters in the name of an agent or a tenant."""
PREFIX: Final = "hitl"
ISSUED: Final = "oauth:"
"""How the tenants begin that an OAuth issuer vouches for: no key may be made for one of them."""
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32

AgentName = Annotated[FilledText, Field(max_length=NAME_LIMIT)]


class AccessKey(Value):
    """What is kept of a key."""

    id: str
    agent: AgentName
    """Who asks, as people see it."""
    tenant: AgentName
    """Whose the questions are: agents of one tenant see each other's."""
    digest: str = Field(repr=False)
    """SHA-256 of the secret, in hexadecimal digits."""
    routes: tuple[Reference, ...] | None = None
    """Which routes it may ask by; None for all."""
    calls_per_second: CallsPerSecond | None = None
    """None for the gateway's own limit; likewise below."""
    open_questions: OpenQuestions | None = None
    created_at: datetime
    expires_at: datetime

    @field_validator("tenant")
    @classmethod
    def _ours(cls, tenant: str) -> str:
        if tenant.startswith(ISSUED):
            raise ValueError(f"must not begin with {ISSUED!r}: an OAuth issuer vouches for those")
        return tenant

    def opens_with(self, secret: str) -> bool:
        """Whether this is the key's secret; how long it takes to tell says nothing about it."""
        return hmac.compare_digest(self.digest, digest_of(secret))

    def limits(self, default: Limits) -> Limits:
        """Tell what its agent may do, where it says nothing by the `default`."""
        return Limits(
            calls_per_second=self.calls_per_second or default.calls_per_second,
            open_questions=self.open_questions or default.open_questions,
        )


class AccessKeys(Protocol):
    """The keys that were made and neither revoked nor expired."""

    async def keep(self, key: AccessKey) -> None:
        """Keep a key until it expires."""
        ...

    async def find(self, key_id: str) -> AccessKey | None:
        """Read one key; None where it is revoked, expired, or never was."""
        ...

    async def every(self) -> list[AccessKey]:
        """Read all keys, those that expire first in front."""
        ...

    async def revoke(self, key_id: str) -> bool:
        """Take a key back at once; tell whether it was there."""
        ...


def new_secret() -> tuple[str, str]:
    """Make a key's id and its secret."""
    return secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)


def as_token(key_id: str, secret: str) -> str:
    """Write a key as its agent sends it."""
    return f"{PREFIX}_{key_id}_{secret}"


def read_token(token: str) -> tuple[str, str] | None:
    """Read the id and the secret off what an agent sent; None where it is no key of ours."""
    prefix, _, rest = token.partition("_")
    key_id, _, secret = rest.partition("_")
    known = prefix == PREFIX and len(key_id) == 2 * _ID_BYTES and key_id.isascii() and secret
    return (key_id, secret) if known and key_id.isalnum() else None


def digest_of(secret: str) -> str:
    """Digest a secret, whatever characters somebody put into it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
