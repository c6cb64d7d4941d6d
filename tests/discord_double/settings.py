"""Everything about a double that a test or a command line may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import defaults
from .ratelimit import RateLimits


@dataclass(slots=True)
class Settings:
    """How one double behaves. Times are in seconds.

    May be changed while the double runs: each value is read when it is needed.
    """

    host: str = defaults.HOST
    port: int = 0
    # Where clients reach the double, e.g. "http://discord:8902". Without it, answers
    # repeat the Host that the client itself asked for.
    public_url: str | None = None
    rate_limits: RateLimits = field(default_factory=RateLimits)
    # How long a nonce is remembered ("the past few minutes").
    nonce_window: float = 180.0
    # How long a click, command or form waits for its first response.
    interaction_deadline: float = 3.0
    interaction_token_life: float = 900.0
    # Bytes of one file: what every user may upload. Boosts and Nitro allow more.
    attachment_size: int = 20 * 1024 * 1024
    # How long a link to a file leads there: a day, as announced and seen; not documented.
    attachment_link_life: float = 86_400.0
    max_active_threads: int = 1000
    heartbeat_interval: float = 41.25
    # How long a session without a socket can still be resumed, and with how many events.
    session_life: float = 120.0
    replay_limit: int = 5000
    # Discord asks for 5 s between two IDENTIFYs of one bot. Off, since it slows tests down.
    identify_interval: float = 0.0
