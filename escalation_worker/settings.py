"""What the worker reads from its environment."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from shared.errors import ConfigurationError
from shared.settings import RoutesSettings, StoreSettings, is_loopback


class WorkerSettings(StoreSettings, RoutesSettings):
    """Whom to ask, where, and how hard to work."""

    discord_token: SecretStr | None = None
    discord_channel_id: Annotated[int, Field(gt=0)] | None = None
    discord_user_id: Annotated[int, Field(gt=0)] | None = None
    """The operator: mentioned in every question, and allowed to answer."""
    discord_operator_role_ids: Annotated[frozenset[int], NoDecode] = frozenset()
    """Roles whose members may answer too, separated by commas."""
    discord_api_base: str = ""
    """Another REST address than Discord's own, for tests."""
    discord_gateway_url: str = ""
    discord_requests_per_second: Annotated[float, Field(gt=0, le=50)] = 45.0
    """For each bot, of all workers together; Discord allows a bot 50."""
    discord_listeners: Annotated[int, Field(ge=1, le=10)] = 1
    """How many workers hear people for each bot; the others post, and take over from one."""
    discord_message_content: bool = True
    """Whether to ask for the privileged intent that lets the bot read replies."""

    image_bytes_each: Annotated[int, Field(ge=0, le=1_000_000)] = 256_000
    """Up to this size an image that comes with an answer is kept in Redis, for agents to see."""
    image_bytes_in_all: Annotated[int, Field(ge=0, le=4_000_000)] = 512_000
    """Of all images of one answer together."""

    desk_host: str = "127.0.0.1"
    desk_port: Annotated[int, Field(ge=0, le=65535)] = 8780
    desk_password: SecretStr | None = None
    desk_operator_name: Annotated[str, Field(min_length=1, max_length=80)] = "Operator"

    worker_max_jobs: Annotated[int, Field(ge=1, le=1000)] = 50
    worker_stop_seconds: Annotated[float, Field(gt=0, le=300)] = 5.0

    @field_validator(
        "discord_token", "discord_channel_id", "discord_user_id", "desk_password", mode="before"
    )
    @classmethod
    def _unset_when_empty(cls, value: object) -> object:
        """Take `DISCORD_TOKEN=` in a `.env` file for not set."""
        return None if value == "" else value

    @field_validator("discord_operator_role_ids", mode="before")
    @classmethod
    def _ids(cls, value: object) -> object:
        """Read ids separated by commas."""
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isdigit() for part in parts):
            raise ValueError("must be role ids (digits) separated by commas")
        return frozenset(int(part) for part in parts)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Refuse half a configuration, and a desk that is open to other hosts."""
        if self.routes_file is not None:
            return self  # it names the bots, their channels, and who may answer
        if self.discord_token is not None:
            if self.discord_channel_id is None:
                raise ValueError(
                    "DISCORD_TOKEN is set but DISCORD_CHANNEL_ID is not: give the id of the "
                    "channel to post in (docs/discord-bot.md)"
                )
            if self.discord_user_id is None and not self.discord_operator_role_ids:
                raise ValueError(
                    "DISCORD_TOKEN is set but nobody may answer: set DISCORD_USER_ID or "
                    "DISCORD_OPERATOR_ROLE_IDS (docs/discord-bot.md)"
                )
        elif (mend := self._open_desk()) is not None:
            raise ValueError(mend)
        return self

    def refuse_an_open_desk(self) -> None:
        """Refuse a desk that is open to other hosts, once it is known that there is one.

        Raises:
            ConfigurationError: It has no password.
        """
        if (mend := self._open_desk()) is not None:
            raise ConfigurationError(mend)

    def _open_desk(self) -> str | None:
        if self.desk_password is not None or is_loopback(self.desk_host):
            return None
        return (
            f"DESK_HOST={self.desk_host} can be reached from other hosts: set DESK_PASSWORD, "
            "or DESK_HOST=127.0.0.1"
        )
