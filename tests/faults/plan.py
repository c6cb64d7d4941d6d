"""What a campaign does: how many of everything, and the chances of each act.

All choices come from dice that are made of the seed and of what they are thrown for, so that what
happens to one question does not depend on the order in which the others come. The seed settles
what is done; when exactly it falls is up to the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import TypeVar

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
Chances = Mapping[ChoiceT, float]


class Asking(StrEnum):
    """How a client goes about a question."""

    PATIENT = "patient"  # long waits; asks again with its key
    BRIEF = "brief"  # short waits; then check_answer
    CANCELS = "cancels"
    HANGS_UP = "hangs_up"  # ends the conversation, and comes back to it
    ASKS_AGAIN = "asks_again"  # with the same key, when it has been answered


class Answering(StrEnum):
    """How people treat a question. The first that may answer and writes should be passed on."""

    PROMPT = "prompt"
    TWO_AT_ONCE = "two_at_once"
    INTRUDER_FIRST = "intruder_first"  # somebody writes who may not answer
    IN_SUCCESSION = "in_succession"  # one person, several messages
    EDITED = "edited"
    UNHEARD = "unheard"  # while no worker lives
    LAST_MOMENT = "last_moment"
    NEVER = "never"
    LATE = "late"  # after the deadline


class Act(StrEnum):
    """What is done to the fleet."""

    KILL_GATEWAY = "kill_gateway"
    KILL_WORKER = "kill_worker"
    KILL_ALL_WORKERS = "kill_all_workers"  # people write meanwhile
    KILL_REDIS = "kill_redis"
    BLACKOUT = "blackout"  # Redis, a gateway and a worker at once
    STOP_GATEWAY = "stop_gateway"  # SIGTERM, as a rolling restart does
    STOP_WORKER = "stop_worker"
    PAUSE_WORKER = "pause_worker"  # SIGSTOP for longer than its leases
    CRASH_GATEWAY = "crash_gateway"  # at one of the named places in shared/crash_points.py
    CRASH_WORKER = "crash_worker"
    KILL_AGENT = "kill_agent"  # the host, with all its conversations
    STOP_AGENT = "stop_agent"
    CRASH_AGENT = "crash_agent"
    CUT_REDIS = "cut_redis"  # every connection to it
    DISCORD_FAILS = "discord_fails"  # 5xx, dropped connections, slow answers, 429
    DISCORD_DISCONNECTS = "discord_disconnects"  # its gateway


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign."""

    name: str
    seconds: float
    """How long it disturbs; then everything may settle."""
    asking: Chances[Asking]
    answering: Chances[Answering]
    acts: Chances[Act]
    between_acts: tuple[float, float] = (0.8, 3.2)
    askers: int = 12
    timeouts: tuple[float, ...] = (30.0, 9.0)
    """ESCALATION_TIMEOUT of each gateway: one for each."""
    workers: int = 3
    agents: int = 0
    """Hosts of agents."""
    customers: int = 0
    """Customers at a time, who talk with agents."""
    hang_ups: float = 0.0
    """How many of the customers hang up once and come back."""
    settle_seconds: float = 120.0
    gateway_crash_points: tuple[str, ...] = ()
    worker_crash_points: tuple[str, ...] = ()
    agent_crash_points: tuple[str, ...] = ()
    down_seconds: tuple[float, float] = (0.1, 2.0)
    """How long something is away before it is started anew."""
    thinking: tuple[float, float] = (0.0, 1.5)
    """How long people think before they write."""
    nonce_seconds: float = 180.0
    """How long Discord remembers a nonce."""
    discord_faults: tuple[Mapping[str, object], ...] = field(default=())
    """Where Discord is to fail in just this way; else in all ways by chance."""


KEEPS, DROPS = "default", "drops"
"""The two routes, by what they do with the questions of a conversation that has ended."""


def dice(seed: int, *purpose: object) -> Random:
    """Make the dice for one purpose."""
    name = "/".join(str(part) for part in (seed, *purpose))
    return Random(name)  # noqa: S311 (nothing here is a secret)


def choose(chances: Chances[ChoiceT], by: Random) -> ChoiceT:
    """Throw for one of these."""
    return by.choices(list(chances), weights=list(chances.values()))[0]
