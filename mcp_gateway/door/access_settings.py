"""What the gateway reads about who may call it, from where, and how much."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from mcp_gateway.door.names import plain_address, plain_name
from shared.limits import CallsPerSecond, Limits, OpenQuestions
from shared.settings import ProcessSettings, is_loopback

MCP_PATH: Final = "/mcp"
_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")


class AccessSettings(ProcessSettings):
    """Who is let in besides those with a configured key, and under which names it is reached."""

    gateway_auth: Literal["auto", "required"] = "auto"
    """`auto` lets in whoever is on this host while no keys and no issuer are set, and the gateway
    listens on loopback only."""
    gateway_oauth_issuer: str = ""
    """Whose tokens are taken, as it stands in their `iss`."""
    gateway_oauth_jwks_url: str = ""
    """Where the issuer publishes its keys: `jwks_uri` in its metadata."""
    gateway_oauth_scopes: Annotated[tuple[str, ...], NoDecode] = ()
    """What a token must allow, separated by spaces or commas."""
    gateway_oauth_tenant_claim: str = ""
    """The claim whose value is the tenant; each client is a tenant of its own where it is empty."""
    gateway_public_url: str = ""
    """Where agents reach this gateway, such as `https://ask.example.org/mcp`: the audience of
    tokens, and the name that Host and Origin must have. However it is set, it is kept as clients
    write it: in small letters, without a port that goes without saying."""
    gateway_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Further names under which it is reached."""
    gateway_trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of the proxies whose X-Forwarded-* headers are believed."""
    gateway_tls_certificate: Path | None = None
    """A PEM file with the certificate and its chain; with it, the gateway itself speaks TLS."""
    gateway_tls_key: Path | None = None
    gateway_body_limit: Annotated[int, Field(ge=10_000, le=100_000_000)] = 1_000_000
    """Bytes in one request."""
    gateway_calls_per_second: CallsPerSecond = 50.0
    """Of each agent, over time and over all gateways; a key may say otherwise, likewise below."""
    gateway_open_questions: OpenQuestions = 500

    @field_validator(
        "gateway_oauth_scopes", "gateway_allowed_hosts", "gateway_trusted_proxies", mode="before"
    )
    @classmethod
    def _several(cls, value: object) -> object:
        """Read what is separated by commas or spaces."""
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("gateway_oauth_scopes")
    @classmethod
    def _scopes(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """Take what can be a scope (RFC 6749, 3.3): they are told in a header, between quotes."""
        if bad := [each for each in scopes if not _SCOPE.fullmatch(each)]:
            raise ValueError(f"{bad[0]!r} is no scope: ASCII without quotes and backslashes")
        return scopes

    @field_validator("gateway_tls_certificate", "gateway_tls_key", mode="before")
    @classmethod
    def _no_pem_when_empty(cls, value: object) -> object:
        """Take `GATEWAY_TLS_KEY=` in a `.env` file for not set."""
        return None if value == "" else value

    @field_validator("gateway_tls_certificate", "gateway_tls_key")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError("names no file")
        return file

    @field_validator("gateway_public_url", "gateway_oauth_issuer", "gateway_oauth_jwks_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """Take https, and http only to this host: what is sent there opens the gateway."""
        if not value:
            return value
        parts = urlsplit(value)
        host = parts.hostname
        if not host or parts.username or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://id.example.org, without a query")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise ValueError("must begin with https:// (http:// only for this host)")
        return value

    @field_validator("gateway_public_url")
    @classmethod
    def _with_path(cls, value: str) -> str:
        if not value:
            return value
        if urlsplit(value).path.rstrip("/") != MCP_PATH:
            raise ValueError(f"must end in {MCP_PATH}: it is the address that agents use")
        return plain_address(value.rstrip("/"))

    @field_validator("gateway_allowed_hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(plain_name(each) for each in value)

    @field_validator("gateway_trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError("must be IP addresses or networks, such as 10.0.0.0/24") from None
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse half of what belongs together."""
        if bool(self.gateway_oauth_issuer) != bool(self.gateway_oauth_jwks_url):
            raise ValueError(
                "GATEWAY_OAUTH_ISSUER and GATEWAY_OAUTH_JWKS_URL belong together: the second is "
                "`jwks_uri` in the issuer's metadata (…/.well-known/openid-configuration)"
            )
        if self.gateway_oauth_issuer and not self.gateway_public_url:
            raise ValueError(
                "GATEWAY_OAUTH_ISSUER is set but GATEWAY_PUBLIC_URL is not: it is the audience "
                "that a token must be for"
            )
        if (self.gateway_tls_certificate is None) != (self.gateway_tls_key is None):
            raise ValueError("GATEWAY_TLS_CERTIFICATE and GATEWAY_TLS_KEY belong together")
        return self

    @property
    def scheme(self) -> str:
        """What this gateway itself speaks."""
        return "https" if self.gateway_tls_certificate else "http"

    @property
    def limits(self) -> Limits:
        """What an agent may do whose key says nothing else."""
        return Limits(
            calls_per_second=self.gateway_calls_per_second,
            open_questions=self.gateway_open_questions,
        )
