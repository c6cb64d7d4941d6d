"""How settings are read: environment variables and a `.env` file, checked at start.

`load` is called by each process's `__main__` and nowhere else; everything further in takes what
it needs as arguments.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import ConfigurationError

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


def _redis_url(value: SecretStr) -> SecretStr:
    """Refuse an address that redis-py would refuse later and less clearly.

    Raises:
        ValueError: Another scheme.
    """
    if not value.get_secret_value().startswith(_REDIS_SCHEMES):
        raise ValueError(f"must start with one of {', '.join(_REDIS_SCHEMES)}")
    return value


RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
"""An address that may hold a password, so that no repr and no log shows it."""


class ProcessSettings(BaseSettings):
    """What every process reads. Names of fields are names of environment variables."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "console", "json"] = "auto"


class StoreSettings(ProcessSettings):
    """What the processes that reach Redis read."""

    redis_url: RedisUrl = SecretStr("redis://127.0.0.1:6379/0")
    redis_key_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")] = "hitl"


class RoutesSettings(ProcessSettings):
    """Where the routes and schedules stand."""

    routes_file: Path | None = None
    """A `routes.toml`; without one, other settings make a single route."""

    @field_validator("routes_file", mode="before")
    @classmethod
    def _unset_when_empty(cls, value: object) -> object:
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
