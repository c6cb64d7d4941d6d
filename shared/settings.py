"""How settings are read: environment variables and a `.env` file, checked at start.

`load` is called by each process's `__main__` and nowhere else; everything further in takes what
it needs as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.errors import ConfigurationError

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
SENTINEL_PORT: Final = 26379

Address = tuple[str, int]
"""A host and its port."""


def _redis_url(value: SecretStr) -> SecretStr:
    """Refuse an address that redis-py would refuse later and less clearly.

    Raises:
        ValueError: Another scheme, or no port where one should be.
    """
    if not value.get_secret_value().startswith(_REDIS_SCHEMES):
        raise ValueError(f"must start with one of {', '.join(_REDIS_SCHEMES)}")
    try:
        _ = urlsplit(value.get_secret_value()).port
    except ValueError:
        raise ValueError(
            "has no readable port; in a password write @ / # % as %40 %2F %23 %25"
        ) from None
    return value


RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
"""An address that may hold a password, so that no repr and no log shows it."""


def _addresses(value: object) -> object:
    """Read `host:port,host:port`; IPv6 stands in brackets, and the port may be left out.

    Raises:
        ValueError: An entry is none of these.
    """
    if not isinstance(value, str):
        return value
    return tuple(_address(entry) for part in value.split(",") if (entry := part.strip()))


def _address(entry: str) -> Address:
    try:
        parts = urlsplit(f"//{entry}")
        host, port = parts.hostname, parts.port or SENTINEL_PORT
    except ValueError:  # no port, or half a bracket
        host, port = None, 0
    if not host or not set(entry).isdisjoint("@/?#"):
        raise ValueError("must be addresses without passwords: host:26379,host:26379")
    return host, port


class ProcessSettings(BaseSettings):
    """What every process reads. Names of fields are names of environment variables."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "console", "json"] = "auto"


class StoreSettings(ProcessSettings):
    """What the processes that reach Redis read."""

    redis_url: RedisUrl = SecretStr("redis://127.0.0.1:6379/0")
    redis_key_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")] = "hitl"
    redis_sentinels: Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_addresses)] = ()
    """Who tells where the primary is. REDIS_URL then gives all but host and port."""
    redis_sentinel_service: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "mymaster"
    redis_sentinel_password: SecretStr = SecretStr("")
    """The sentinels' own password; the servers' stands in REDIS_URL."""
    redis_wait_replicas: Annotated[int, Field(ge=0, le=10)] = 0
    """How many replicas must have a question, or an answer, before it counts as accepted."""
    redis_wait_milliseconds: Annotated[int, Field(ge=10, le=1000)] = 500

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        """Refuse sentinels beside an address that has no host."""
        if self.redis_sentinels and self.redis_url.get_secret_value().startswith("unix://"):
            raise ValueError(
                "REDIS_SENTINELS is set, but REDIS_URL is a Unix socket: give redis:// or "
                "rediss://, with the password in it if there is one"
            )
        return self


class RoutesSettings(ProcessSettings):
    """Where the routes and schedules stand."""

    routes_file: Path | None = None
    """A `routes.toml`; without one, other settings make a single route."""

    @field_validator("routes_file", mode="before")
    @classmethod
    def _no_file_when_empty(cls, value: object) -> object:
        """Take `ROUTES_FILE=` in a `.env` file for not set."""
        return None if value == "" else value


def is_loopback(host: str) -> bool:
    """Whether only this host can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(settings: type[SettingsT]) -> SettingsT:
    """Read settings from the environment and `.env`.

    Raises:
        ConfigurationError: One line for each variable that is wrong, without its value, since
            it may be a secret.
    """
    try:
        return settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']).upper() or 'settings'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationError("\n".join(lines)) from None


def load_secrets(names: Iterable[str]) -> dict[str, SecretStr]:
    """Read variables whose names stand in a file, from where `load` reads settings.

    One that is not set, or is blank, is left out.
    """
    fields: dict[str, Any] = {name: (SecretStr, SecretStr("")) for name in names}
    read = create_model("Secrets", __base__=_Secrets, **fields)()
    secrets: dict[str, SecretStr] = read.model_dump()
    return {name: value for name, value in secrets.items() if value.get_secret_value().strip()}


class _Secrets(BaseSettings):
    """Variables of any name."""

    model_config = ProcessSettings.model_config
