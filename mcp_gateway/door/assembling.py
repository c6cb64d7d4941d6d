"""What stands between the network and the tools: proof of who calls, names, sizes, TLS."""

from __future__ import annotations

import resource
from typing import Any, Final
from urllib.parse import urlsplit

from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_gateway.door.auth import ConfiguredKeys, Doorkeeper, Doorkeepers, StoredKeys
from mcp_gateway.door.issued_tokens import IssuedTokens, SigningKeys
from mcp_gateway.door.once_known import come_again
from mcp_gateway.settings import GatewaySettings
from shared.access_keys import AccessKeys
from shared.errors import ConfigurationError, StoreUnavailableError
from shared.telemetry import get_logger

log = get_logger(__name__)

KEEP_ALIVE_SECONDS: Final = 75
"""How long a connection stays open on which nothing is asked. It must be longer than clients and
proxies keep theirs (httpx 5 s, load balancers up to 60 s): who sends something just as it is closed
gets an error for an answer, and MCP's client ends with that."""
CONNECTIONS: Final = 65_536
"""What a gateway opens at most, where it may: its host's other processes need some, too."""


def doorkeepers(settings: GatewaySettings, keys: AccessKeys) -> Doorkeepers | None:
    """Build who knows the callers; None where nobody need be known."""
    if not settings.is_closed or settings.gateway_transport == "stdio":
        return None
    limits, scopes = settings.limits, list(settings.gateway_oauth_scopes)
    known: list[Doorkeeper] = [
        ConfiguredKeys(settings.gateway_api_keys, limits, scopes=scopes),
        StoredKeys(keys, limits, scopes=scopes),
    ]
    if settings.gateway_oauth_issuer:
        issued = IssuedTokens(
            SigningKeys(settings.gateway_oauth_jwks_url),
            issuer=settings.gateway_oauth_issuer,
            audience=settings.gateway_public_url,
            limits=limits,
            tenant_claim=settings.gateway_oauth_tenant_claim,
        )
        known.append(issued)
    return Doorkeepers(*known)


async def closed_by_keys(settings: GatewaySettings, keys: AccessKeys) -> GatewaySettings:
    """Ask everybody for a proof where keys were made, on loopback too.

    Otherwise a key would open nothing and close nothing there: neither its tenant nor its routes
    would count, and whoever has none would see what others asked.

    Raises:
        StoreUnavailableError: It can't be told now whether there are keys.
    """
    if settings.is_closed or settings.gateway_transport == "stdio" or not await keys.every():
        return settings
    return settings.model_copy(update={"gateway_auth": "required"})


async def refuse_an_empty_house(settings: GatewaySettings, keys: AccessKeys) -> None:
    """Refuse to start where nobody could be let in.

    Raises:
        ConfigurationError: There is neither a key nor an issuer; it says how to go on.
    """
    if not settings.is_closed or settings.gateway_transport == "stdio":
        return
    if settings.gateway_api_keys or settings.gateway_oauth_issuer:
        return
    unknown = ""
    try:
        if await keys.every():
            return
    except StoreUnavailableError as error:
        # Whoever starts it again once Redis is there need not know why it would not.
        unknown = f" (Redis can't be asked for keys: {error})"
    if not settings.is_loopback:
        why = f"GATEWAY_HOST={settings.gateway_host} can be reached from other hosts"
    elif settings.gateway_auth == "required":
        why = "GATEWAY_AUTH=required"
    else:
        why = (
            "GATEWAY_PUBLIC_URL, GATEWAY_ALLOWED_HOSTS or GATEWAY_TRUSTED_PROXIES says that others "
            "come through a proxy"
        )
    raise ConfigurationError(
        f"{why}, but nobody could be let in: there is no key and no OAuth issuer{unknown}. "
        "Make a key with `hitl key create NAME`, or set GATEWAY_API_KEYS=NAME:KEY or "
        "GATEWAY_OAUTH_ISSUER"
        + ("" if settings.is_loopback else ", or GATEWAY_HOST=127.0.0.1 for this host alone")
    )


def auth_settings(settings: GatewaySettings) -> AuthSettings:
    """Tell the SDK where this resource is, who issues tokens for it, and what they must allow."""
    here = f"http://{settings.host_in_url}:{settings.gateway_port}"
    issuer = settings.gateway_oauth_issuer
    # Addresses as texts, so that they stay as they are written: by itself `AnyHttpUrl` puts a "/"
    # behind a bare host, and clients refuse an issuer that calls itself otherwise by one character.
    return AuthSettings.model_validate(
        {
            "issuer_url": issuer or here,
            # Without an issuer there is nothing to discover: keys are handed out by people.
            "resource_server_url": settings.gateway_public_url if issuer else None,
            "required_scopes": list(settings.gateway_oauth_scopes) or None,
            # `IssuedTokens` checks the audience.
            "validate_token_resource": False if issuer else None,
        }
    )


def transport_security(settings: GatewaySettings) -> TransportSecuritySettings:
    """Refuse what a page from elsewhere sends to a gateway that it should not reach.

    A page whose own name is made to point at a loopback address (DNS rebinding) sends its own
    name as Host. The SDK by itself protects three spellings of loopback, which has 2^24 of them.
    A gateway for other hosts whose name nobody gave can't know it: there only keys protect, and
    what a page can't know it can't send.
    """
    names: set[str] = set(settings.gateway_allowed_hosts)
    origins: set[str] = set()
    if settings.gateway_public_url:
        public = urlsplit(settings.gateway_public_url)
        names.add(public.netloc)
        origins.add(f"{public.scheme}://{public.netloc}")
    if not settings.is_loopback and not names:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names |= {"localhost", "127.0.0.1", "[::1]"}
    if settings.is_loopback:
        names.add(settings.host_in_url)
    hosts = [form for name in sorted(names) for form in (name, f"{name}:*")]
    origins |= {f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")}
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=sorted(origins))


def server_options(settings: GatewaySettings) -> dict[str, Any]:
    """Tell uvicorn of TLS, of idle connections, and of the proxies whose word it takes."""
    proxies = settings.gateway_trusted_proxies
    return {
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "ssl_certfile": settings.gateway_tls_certificate,
        "ssl_keyfile": settings.gateway_tls_key,
        "proxy_headers": bool(proxies),
        "forwarded_allow_ips": list(proxies) or None,
    }


def make_room() -> None:
    """Let this process have as many connections as it may: each held call is one.

    What a shell or a service manager gives at first is often 1,024, which two agents can take.
    """
    given, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed > CONNECTIONS:
        wanted = max(given, CONNECTIONS)
    else:
        wanted = allowed
    if given not in {wanted, resource.RLIM_INFINITY}:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed))


class UnknownForNow:
    """Answers 503 where it can't be told who calls, instead of 500 or a wrong 401."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        try:
            await self._app(scope, receive, send)
        except StoreUnavailableError as error:
            # Only from before the tools: those turn it into words of their own.
            log.warning("caller_unknown_for_now", reason=str(error))
            await come_again("try again in a moment")(scope, receive, send)
