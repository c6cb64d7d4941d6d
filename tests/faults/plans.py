"""The plans: the large campaign with everything in it, and short ones aimed at one guarantee."""

from __future__ import annotations

from dataclasses import replace

from faults.plan import Act, Answering, Asking, Plan
from shared.crash_points import CrashPoint

GATEWAY_POINTS = (
    CrashPoint.CONVERSATION_END_HEARD,
    CrashPoint.CONVERSATION_END_NOTED,
    CrashPoint.ASK_BEFORE_ACCEPTED,
    CrashPoint.ASK_AFTER_ACCEPTED,
    CrashPoint.REPLY_READ_BEFORE_RESPONSE,
)
TELLING_POINTS = (CrashPoint.OUTCOME_KNOWN_TO_AGENT, CrashPoint.OUTCOME_SPOKEN)
AGENT_POINTS = (*TELLING_POINTS, CrashPoint.HANGING_UP)
WORKER_POINTS = tuple(
    point for point in CrashPoint if point not in {*GATEWAY_POINTS, *AGENT_POINTS}
)

EVERYTHING = Plan(
    name="everything",
    seconds=90.0,
    asking={
        Asking.PATIENT: 4,
        Asking.BRIEF: 4,
        Asking.ASKS_AGAIN: 2,
        Asking.CANCELS: 1,
        Asking.HANGS_UP: 1,
    },
    answering={
        Answering.PROMPT: 5,
        Answering.TWO_AT_ONCE: 2,
        Answering.INTRUDER_FIRST: 2,
        Answering.IN_SUCCESSION: 2,
        Answering.EDITED: 1,
        Answering.UNHEARD: 2,
        Answering.LAST_MOMENT: 2,
        Answering.NEVER: 1,
        Answering.LATE: 1,
    },
    acts={
        Act.KILL_GATEWAY: 3,
        Act.KILL_WORKER: 3,
        Act.KILL_ALL_WORKERS: 1,
        Act.KILL_REDIS: 2,
        Act.BLACKOUT: 1,
        Act.STOP_GATEWAY: 1,
        Act.STOP_WORKER: 1,
        Act.PAUSE_WORKER: 2,
        Act.CRASH_GATEWAY: 2,
        Act.CRASH_WORKER: 4,
        Act.KILL_AGENT: 1,
        Act.STOP_AGENT: 1,
        Act.CRASH_AGENT: 2,
        Act.CUT_REDIS: 2,
        Act.DISCORD_FAILS: 4,
        Act.DISCORD_DISCONNECTS: 2,
    },
    gateway_crash_points=GATEWAY_POINTS,
    worker_crash_points=WORKER_POINTS,
    agents=1,
    customers=3,
    hang_ups=0.3,
    agent_crash_points=AGENT_POINTS,
)


_AIMED = Plan(
    name="aimed",
    seconds=5.0,
    settle_seconds=25.0,
    askers=4,
    workers=1,
    timeouts=(20.0, 20.0),
    thinking=(0.0, 0.3),
    between_acts=(0.5, 1.5),
    asking={Asking.PATIENT: 1, Asking.BRIEF: 1, Asking.ASKS_AGAIN: 1},
    answering={Answering.PROMPT: 1},
    acts={},
)
"""What the aimed plans have in common. Each disturbs in one way, so that what it finds is found
within seconds."""

ANSWERS = replace(
    _AIMED,
    name="answers",
    answering={
        Answering.IN_SUCCESSION: 2,
        Answering.TWO_AT_ONCE: 1,
        Answering.INTRUDER_FIRST: 2,
    },
)
CRASHED_POSTING = replace(
    _AIMED,
    name="crashed_posting",
    acts={Act.CRASH_WORKER: 1},
    worker_crash_points=(CrashPoint.STARTER_SENT,),
)
CRASHED_HEARING = replace(
    _AIMED,
    name="crashed_hearing",
    timeouts=(10.0,),
    acts={Act.CRASH_WORKER: 1},
    worker_crash_points=(CrashPoint.REPLY_HEARD,),
)
CRASHED_ACCEPTING = replace(
    _AIMED,
    name="crashed_accepting",
    timeouts=(6.0, 6.0),
    settle_seconds=10.0,
    acts={Act.CRASH_GATEWAY: 1},
    gateway_crash_points=(CrashPoint.ASK_AFTER_ACCEPTED,),
)
UNHEARD = replace(
    _AIMED,
    name="unheard",
    timeouts=(4.5,),
    answering={Answering.UNHEARD: 1},
    acts={Act.KILL_ALL_WORKERS: 1},
    between_acts=(1.5, 2.5),
)
SLOW_POSTING = replace(
    _AIMED,
    name="slow_posting",
    workers=2,
    nonce_seconds=0.5,
    acts={Act.DISCORD_FAILS: 1},
    discord_faults=({"kind": "slow", "seconds": 7.0, "method": "POST", "path": "/messages$"},),
)
DYING_AGENT = replace(
    _AIMED,
    name="dying_agent",
    settle_seconds=50.0,  # longer than a customer waits whose question was lost with its host
    seconds=12.0,
    askers=0,
    agents=1,
    customers=2,
    acts={Act.KILL_AGENT: 1, Act.CRASH_AGENT: 1},
    agent_crash_points=TELLING_POINTS,
    between_acts=(4.0, 5.0),
)
HANGING_UP = replace(
    _AIMED,
    name="hanging_up",
    asking={Asking.HANGS_UP: 1},
    thinking=(0.5, 2.0),
)
DYING_REDIS = replace(_AIMED, name="dying_redis", timeouts=(15.0,), acts={Act.KILL_REDIS: 1})

PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        EVERYTHING,
        ANSWERS,
        CRASHED_POSTING,
        CRASHED_HEARING,
        CRASHED_ACCEPTING,
        UNHEARD,
        SLOW_POSTING,
        DYING_AGENT,
        HANGING_UP,
        DYING_REDIS,
    )
}


def everything(seconds: float) -> Plan:
    """Give the large campaign another length."""
    return replace(EVERYTHING, seconds=seconds)
