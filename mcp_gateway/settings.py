"""What the gateway reads from its environment."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from mcp_gateway.door.access_settings import AccessSettings
from mcp_gateway.door.names import host_of
from mcp_gateway.holding import Patience
from shared.settings import RoutesSettings, StoreSettings, is_loopback

IPV6: Final = 6
KEY_MINIMUM: Final = 16
LOOPBACK_AGENT: Final = "local"
"""The name of every agent that a gateway without keys serves."""

_MAKE_A_KEY: Final = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'


class GatewaySettings(StoreSettings, RoutesSettings, AccessSettings):
    """How the gateway listens, whom it serves, and how long it holds a call."""

    gateway_transport: Literal["http", "stdio"] = "http"
    gateway_host: str = "127.0.0.1"
    gateway_port: Annotated[int, Field(ge=0, le=65535)] = 8765
    gateway_api_keys: Annotated[dict[str, SecretStr], NoDecode] = Field(
        default_factory=dict[str, SecretStr]
    )
    """`name:key,name:key`: who may ask. The name is the agent's, and the tenant's. Other keys are
    kept in Redis: `hitl key create`."""
    gateway_hold_seconds: Annotated[float, Field(gt=0, le=3600)] = 25.0
    """How long a call is held that can't be told of progress."""
    gateway_progress_hold_seconds: Annotated[float, Field(gt=0, le=3600)] = 50.0
    """How long a call is held that is: most clients give up after 60 s all the same."""
    gateway_stop_seconds: Annotated[int, Field(gt=0, le=300)] = 10
    escalation_timeout: Annotated[float, Field(ge=1, le=7 * 86400)] = 600.0
    """Seconds that people have to answer; a file of routes says it for each route instead."""
    escalation_retention: Annotated[float, Field(ge=60, le=90 * 86400)] = 7 * 86400.0
    """Seconds that a question and its answer are kept after its deadline."""

    @field_validator("gateway_api_keys", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        """Read `name:key,name:key`."""
        if not isinstance(value, str):
            return value
        pairs: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in value.split(","))):
            name, separator, key = (part.strip() for part in entry.partition(":"))
            if not (name and separator and key):
                raise ValueError("must be pairs of name and key: name:key,name:key")
            if name in pairs:
                raise ValueError(f"names the agent {name!r} twice")
            if len(key) < KEY_MINIMUM:
                raise ValueError(
                    f"the key of {name!r} must have at least {KEY_MINIMUM} characters; "
                    + _MAKE_A_KEY
                )
            pairs[name] = key
        if len(set(pairs.values())) != len(pairs):
            raise ValueError("two agents have the same key")
        return pairs

    @property
    def is_closed(self) -> bool:
        """Whether whoever calls must prove who they are."""
        return bool(
            self.gateway_auth == "required"
            or self.gateway_api_keys
            or self.gateway_oauth_issuer
            or not self.is_loopback
            or self.is_named
        )

    @property
    def is_named(self) -> bool:
        """Whether somebody passes on to it what comes from other hosts, wherever it listens.

        A name that is not this host's own is for those who come from elsewhere, whichever setting
        gives it.
        """
        places = [urlsplit(self.gateway_public_url).netloc, *self.gateway_allowed_hosts]
        named = any(place and not is_loopback(host_of(place)) for place in places)
        return named or bool(self.gateway_trusted_proxies)

    @property
    def is_loopback(self) -> bool:
        """Whether only this host can reach the gateway."""
        return is_loopback(self.gateway_host)

    @property
    def host_in_url(self) -> str:
        """The host as it stands in an address and in a Host header: IPv6 in brackets."""
        try:
            address = ip_address(self.gateway_host.strip("[]"))
        except ValueError:
            return self.gateway_host
        return f"[{address}]" if address.version == IPV6 else str(address)

    @property
    def patience(self) -> Patience:
        """How long calls are held whose client says nothing of it."""
        return Patience(plain=self.gateway_hold_seconds, told=self.gateway_progress_hold_seconds)

    @property
    def timeout(self) -> timedelta:
        """How long people have to answer."""
        return timedelta(seconds=self.escalation_timeout)

    @property
    def retention(self) -> timedelta:
        """How long a question is kept after its deadline."""
        return timedelta(seconds=self.escalation_retention)
