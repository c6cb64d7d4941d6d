"""What the agent reads from its environment and `.env`: names, defaults and limits.

Importing this module imports neither VideoSDK nor MCP, so that a wrong setting is reported at
once. The keys of model and speech providers (`OPENAI_API_KEY`, `DEEPGRAM_API_KEY`, …) are read by
VideoSDK's plugins themselves and never pass through here.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
)
from pydantic_settings import NoDecode

from shared.background import FACTS_LIMIT, TURNS_LIMIT, Background
from shared.settings import ProcessSettings

OWN_FACTS: Final = 2
"""How many facts the agent adds of its own: which conversation, and for how long."""


class OnHangup(StrEnum):
    """What becomes of the open questions of a customer who is gone."""

    ROUTE = "route"  # the gateway is told that the conversation ended; each route has its policy
    CANCEL = "cancel"  # all are taken back, whatever their routes say
    LEAVE = "leave"  # nobody is told anything: the questions go on


def _http_url(value: str) -> str:
    """Refuse what is not a web address.

    Raises:
        ValueError: Another scheme, no host, or a password in the address.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https address, such as http://127.0.0.1:8765/mcp")
    if parts.username or parts.password:
        raise ValueError("must not hold a password; put the key into GATEWAY_API_KEY")
    return value


def _none_if_blank(value: object) -> object:
    """Read `NAME=` in a `.env` file as not set."""
    return None if isinstance(value, str) and not value.strip() else value


def _pairs(value: object) -> object:
    """Read `name=value; name=value`.

    Raises:
        ValueError: A part has no name.
    """
    if not isinstance(value, str):
        return value
    parts = [part.partition("=") for part in value.split(";") if part.strip()]
    if any(not sign for _, sign, _ in parts):
        raise ValueError("must be pairs, such as Shop=Orchard Lane; Line=German")
    return {name.strip(): text.strip() for name, _, text in parts}


def _facts(facts: dict[str, str]) -> dict[str, str]:
    """Take what the gateway takes, with room for the agent's own.

    Raises:
        ValueError: Too many, too long, or one of them empty.
    """
    room = FACTS_LIMIT - OWN_FACTS
    if len(facts) > room:
        raise ValueError(f"must be at most {room} pairs")
    try:
        Background.model_validate({"facts": facts})
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    return facts


GatewayUrl = Annotated[str, AfterValidator(_http_url)]
ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_blank)]
OptionalName = Annotated[
    Annotated[str, Field(max_length=128)] | None, BeforeValidator(_none_if_blank)
]


SHARED_RESUME_MINUTES: Final = 15.0
"""In a room whose callers share a conversation id: for a host that died in mid-call."""


class AgentSettings(ProcessSettings):
    """Everything that can be set. Names of fields are names of environment variables."""

    gateway_url: GatewayUrl = "http://127.0.0.1:8765/mcp"
    gateway_api_key: OptionalSecret = None

    agent_name: Annotated[str, Field(min_length=1, max_length=60)] = "Robin"
    agent_instructions_file: Annotated[FilePath | None, BeforeValidator(_none_if_blank)] = None
    agent_route: OptionalName = None
    """Which people the gateway asks; its default route when not set."""
    conversation_id: Annotated[ConversationId | None, BeforeValidator(_none_if_blank)] = None

    agent_llm: Literal["rules", "openai", "anthropic", "google"] = "rules"
    agent_llm_model: OptionalName = None
    agent_llm_base_url: Annotated[GatewayUrl | None, BeforeValidator(_none_if_blank)] = None
    """For servers that speak a provider's protocol; openai and anthropic only."""
    agent_stt: Literal["none", "deepgram", "openai", "google"] = "none"
    agent_tts: Literal["none", "openai", "elevenlabs", "cartesia", "google", "deepgram"] = "none"
    agent_vad: Literal["none", "silero"] = "none"
    agent_turn_detector: Literal["none", "turnsense", "namo", "videosdk"] = "none"

    agent_hold_line_seconds: Annotated[float, Field(ge=0, le=3600)] = 20.0
    """Silence after which a waiting customer hears a hold line; 0 speaks none."""
    agent_unreachable_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long the gateway may be away before the customer is told."""
    agent_resume_minutes: Annotated[float, Field(ge=0, le=525_600)] = 10_080.0
    """How old a question may be for a new agent to tell its answer; a week, as records are kept."""
    agent_turns: Annotated[int, Field(ge=0, le=TURNS_LIMIT)] = 10
    """How many of the last turns people see with a question."""
    agent_facts: Annotated[
        dict[str, str], NoDecode, BeforeValidator(_pairs), AfterValidator(_facts)
    ] = Field(default_factory=dict[str, str])
    """What people see with every question: `Shop=Orchard Lane; Line=German`."""
    agent_on_hangup: OnHangup = OnHangup.ROUTE

    videosdk_auth_token: OptionalSecret = None
    room_id: OptionalName = None

    chat_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    chat_port: Annotated[int, Field(ge=0, le=65535)] = 8770
    chat_max_conversations: Annotated[int, Field(ge=1, le=1000)] = 50
    chat_idle_minutes: Annotated[float, Field(gt=0, le=1440)] = 10.0
    """How long a conversation lives after its last page was closed."""

    @property
    def on_hangup(self) -> OnHangup:
        """What becomes of open questions when the customer leaves."""
        is_set = "agent_on_hangup" in self.model_fields_set
        return OnHangup.CANCEL if self._is_shared and not is_set else self.agent_on_hangup

    @property
    def resume(self) -> timedelta:
        """How old a question may be for a new agent to tell its answer."""
        is_set = "agent_resume_minutes" in self.model_fields_set
        minutes = SHARED_RESUME_MINUTES if self._is_shared and not is_set else None
        return timedelta(minutes=self.agent_resume_minutes if minutes is None else minutes)

    @property
    def _is_shared(self) -> bool:
        """Whether one caller after the other has the same conversation id: that of the room.

        What one caller asked is no business of the next.
        """
        return self.room_id is not None and self.conversation_id is None
