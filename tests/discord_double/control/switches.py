"""Disturbing the double, and setting it up.

POST faults       kind: "fail", "drop", "slow" or "rate_limit", and as `Faults` takes them:
                  status, seconds, times (null: until lifted), method, path,
                  after_effect, is_global, via
POST gateway/…    disconnect {code?}, cut, reconnect, invalidate {resumable?}, forget,
                  refuse {times?}, play-dead {dead?}, lose {pattern?, times?}, stop-losing
POST operator     name?, delay? and one of: answer "text", press "label",
                  rules [["regex", "answer"], …]
POST settings     any of `PLAIN_SETTINGS`, and rate_limits: "off", "standard", "strict"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord_double.jsons import as_list
from discord_double.ratelimit import RateLimits
from discord_double.scripted import Press, by_table

from . import dump
from .endpoint import Endpoint, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from discord_double.faults import Fault
    from discord_double.gateway import Gateway
    from discord_double.model import JsonObject
    from discord_double.scripted import Answer, Question
    from discord_double.server import DiscordDouble

PLAIN_SETTINGS = frozenset(
    {
        "heartbeat_interval",
        "identify_interval",
        "interaction_deadline",
        "interaction_token_life",
        "max_active_threads",
        "nonce_window",
        "replay_limit",
        "session_life",
    }
)
RATE_LIMITS: dict[str, Callable[[], RateLimits]] = {
    "off": RateLimits.off,
    "standard": RateLimits,
    "strict": RateLimits.strict,
}


async def list_faults(double: DiscordDouble, _: web.Request) -> Any:
    return [dump.fault(fault) for fault in double.faults]


async def arm(double: DiscordDouble, request: web.Request) -> Any:
    """Arm one fault."""
    body = await body_of(request)
    return dump.fault(_arm(double, body.pop("kind"), body))


def _arm(double: DiscordDouble, kind: object, body: JsonObject) -> Fault:
    faults = double.faults
    match kind:
        case "fail":
            return faults.fail(**body)
        case "drop":
            return faults.drop(**body)
        case "slow":
            return faults.slow(**body)
        case "rate_limit":
            return faults.rate_limit(body.pop("seconds", 1.0), **body)
        case _:
            raise ValueError(f"no such kind of fault: {kind!r}")


async def lift(double: DiscordDouble, _: web.Request) -> Any:
    double.faults.lift()


async def disturb(double: DiscordDouble, request: web.Request) -> Any:
    """Throw one of the gateway's switches."""
    run = SWITCHES.get(request.match_info["act"])
    if run is None:
        raise LookupError(f"no such switch; there are {sorted(SWITCHES)}")
    return {"sockets": run(double.gateway, await body_of(request))}


def _refuse(gateway: Gateway, body: JsonObject) -> None:
    gateway.refuse_connections(int(body.get("times", 1)))


def _play_dead(gateway: Gateway, body: JsonObject) -> None:
    gateway.play_dead(dead=body.get("dead", True) is True)


def _lose(gateway: Gateway, body: JsonObject) -> None:
    gateway.lose_events(str(body.get("pattern", ".*")), body.get("times", 1))


SWITCHES: dict[str, Callable[[Gateway, JsonObject], int | None]] = {
    "disconnect": lambda gateway, body: gateway.disconnect(int(body.get("code", 4000))),
    "cut": lambda gateway, _: gateway.cut(),
    "reconnect": lambda gateway, _: gateway.ask_to_reconnect(),
    "invalidate": lambda gateway, body: gateway.invalidate(
        resumable=body.get("resumable", False) is True
    ),
    "forget": lambda gateway, _: gateway.forget_sessions(),
    "refuse": _refuse,
    "play-dead": _play_dead,
    "lose": _lose,
    "stop-losing": lambda gateway, _: gateway.stop_losing(),
}


async def show_operator(double: DiscordDouble, _: web.Request) -> Any:
    operator = double.operator
    if operator is None:
        return {"employed": False}
    return {
        "employed": True,
        "seen": len(operator.seen),
        "answered": len(operator.answered),
        "refused": [str(refusal) for _, refusal in operator.refused],
    }


async def employ(double: DiscordDouble, request: web.Request) -> Any:
    """Let a scripted operator answer from now on."""
    body = await body_of(request)
    await double.employ_operator(
        _rule(body), delay=float(body.get("delay", 0.0)), name=str(body.get("name", "Maya"))
    )


def _rule(body: JsonObject) -> Answer | Callable[[Question], Answer]:
    if "rules" in body:
        return by_table((str(row[0]), str(row[1])) for row in map(as_list, as_list(body["rules"])))
    if "press" in body:
        return Press(str(body["press"]))
    return str(body["answer"])


async def dismiss(double: DiscordDouble, _: web.Request) -> Any:
    await double.dismiss_operator()


async def change_settings(double: DiscordDouble, request: web.Request) -> Any:
    """Change settings of the running double."""
    for name, value in (await body_of(request)).items():
        if name == "rate_limits":
            double.settings.rate_limits = RATE_LIMITS[value]()
        elif name in PLAIN_SETTINGS:
            setattr(double.settings, name, value)
        else:
            raise LookupError(f"no setting {name!r}; there are {sorted(PLAIN_SETTINGS)}")


ENDPOINTS = (
    Endpoint("GET", "faults", list_faults),
    Endpoint("POST", "faults", arm),
    Endpoint("DELETE", "faults", lift),
    Endpoint("POST", "gateway/{act}", disturb),
    Endpoint("GET", "operator", show_operator),
    Endpoint("POST", "operator", employ),
    Endpoint("DELETE", "operator", dismiss),
    Endpoint("POST", "settings", change_settings),
)
