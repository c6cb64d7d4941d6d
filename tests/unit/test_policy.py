"""What a policy does, told as a list of times and steps on a controlled clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from support.policy_runs import (
    NOON,
    Event,
    a_route,
    agent_replies,
    answers,
    asked,
    asks_back,
    claims,
    play,
    writes,
)

from shared.question import Urgency
from shared.routes.policy import plan
from shared.routes.route import Route, default_route
from shared.routes.steps import EnterTier, Facts, Notify, Pause, TierReached, note

TWO_TIERS = """
timeout = "30m"
claim_timeout = "10m"
[[routes.default.tiers]]
users = ["maya"]
reminders = ["2m", "4m"]
claim_wait = "5m"
answer_wait = "15m"
[[routes.default.tiers]]
users = ["maya", "tom"]
roles = ["support"]
channel = 777
reminders = ["10m"]
"""
IN_TIER_TWO = "notify maya+tom+@support in 777"

ENDS_EARLY = """
timeout = "30m"
at_end = "fallback"
fallback_text = "Call back."
[[routes.default.tiers]]
users = ["maya"]
claim_wait = "5m"
answer_wait = "7m"
"""

STORIES: dict[str, tuple[str, dict[str, Event], list[str]]] = {
    "nobody does anything": (
        TWO_TIERS,
        {},
        [
            "0s tier 1",
            "0s notify maya",
            "2m remind 1 maya",
            "4m remind 2 maya",
            "5m tier 2",
            f"5m {IN_TIER_TWO}",
            "15m remind 1 maya+tom+@support in 777",
            "30m end time_out",
        ],
    ),
    "an answer ends it": (
        TWO_TIERS,
        {"3m": answers},
        ["0s tier 1", "0s notify maya", "2m remind 1 maya"],
    ),
    "whoever claimed it is reminded alone, and the tier waits longer": (
        TWO_TIERS,
        {"1m": claims, "9m": writes, "12m": answers},
        ["0s tier 1", "0s notify maya", "2m remind 1 tom", "4m remind 2 tom"],
    ),
    "a claim that is kept up does not hold back the next tier for ever": (
        TWO_TIERS,
        {"1m": claims, "9m": writes, "16m": writes, "25m": writes, "28m": answers},
        [
            "0s tier 1",
            "0s notify maya",
            "2m remind 1 tom",
            "4m remind 2 tom",
            "16m tier 2",
            f"16m {IN_TIER_TWO}",
            "26m remind 1 maya+tom+@support in 777",
        ],
    ),
    "a silent claim is released and its tier begins anew": (
        TWO_TIERS,
        {"1m": claims},
        [
            "0s tier 1",
            "0s notify maya",
            "2m remind 1 tom",
            "4m remind 2 tom",
            "11m release tom",
            "11m notify maya",
            "13m remind 1 maya",
            "15m remind 2 maya",
            "16m tier 2",
            f"16m {IN_TIER_TWO}",
            "26m remind 1 maya+tom+@support in 777",
            "30m end time_out",
        ],
    ),
    "the clock stands still while the question waits for the agent, the deadline does not": (
        TWO_TIERS,
        {"1m": asks_back, "11m": agent_replies, "20m": asks_back},
        [
            "0s tier 1",
            "0s notify maya",
            "12m remind 1 maya",
            "14m remind 2 maya",
            "15m tier 2",
            f"15m {IN_TIER_TWO}",
            "30m end time_out",
        ],
    ),
    "a claim is not silent while it waits for the agent": (
        TWO_TIERS,
        {"1m": claims, "2m": asks_back, "20m": agent_replies, "22m": answers},
        ["0s tier 1", "0s notify maya", "20m remind 1 tom"],
    ),
    "the last tier's wait ends the question before its deadline": (
        ENDS_EARLY,
        {},
        ["0s tier 1", "0s notify maya", "5m end fallback Call back."],
    ),
    "so does its wait for the answer of whoever claimed it": (
        ENDS_EARLY,
        {"4m": claims},
        ["0s tier 1", "0s notify maya", "11m end fallback Call back."],
    ),
    "without tiers the operators are notified once, and nobody answers": (
        'timeout = "10m"\nat_end = "deny"',
        {},
        ["0s tier 1", "0s notify @support", "10m end deny"],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_policy(story: str) -> None:
    text, events, expected = STORIES[story]
    assert play(a_route(text), events=events) == expected


def test_urgency_moves_waits_and_reminders_but_not_the_deadline() -> None:
    route = a_route("urgency = { low = 2, high = 0.5 }" + TWO_TIERS)
    assert play(route, Urgency.HIGH) == [
        "0s tier 1",
        "0s notify maya",
        "1m remind 1 maya",
        "2m remind 2 maya",
        "2m30s tier 2",
        f"2m30s {IN_TIER_TWO}",
        "7m30s remind 1 maya+tom+@support in 777",
        "30m end time_out",
    ]
    assert "10m tier 2" in play(route, Urgency.LOW)


def test_after_an_outage_the_newest_reminder_is_given_and_every_tier_gets_its_time() -> None:
    told = play(a_route(TWO_TIERS), away=("1m", "4m"))
    assert told[2:4] == ["4m remind 2 maya", "5m tier 2"]
    told = play(a_route(TWO_TIERS), away=("1m", "14m"))
    assert told[2:] == [
        "14m tier 2",
        f"14m {IN_TIER_TWO}",
        "24m remind 1 maya+tom+@support in 777",
        "30m end time_out",
    ]


def test_after_an_outage_past_the_deadline_only_the_end_is_left() -> None:
    told = play(a_route(TWO_TIERS), away=("1m", "50m"))
    assert told[2:] == ["50m end time_out"]


def test_nothing_but_the_deadline_is_due_before_the_question_is_posted() -> None:
    route = a_route(TWO_TIERS)
    facts = replace(asked(route), posted_at=None)
    assert plan(route, Urgency.NORMAL, facts, NOON).steps == ()
    assert plan(route, Urgency.NORMAL, facts, NOON).look_again == facts.deadline


def test_a_claim_of_the_same_instant_as_its_tier_spares_the_notification() -> None:
    route = a_route(TWO_TIERS)
    facts = claims(note(asked(route), EnterTier(0), NOON), NOON)
    assert plan(route, Urgency.NORMAL, facts, NOON).steps == ()


def test_only_what_lies_within_a_wait_lengthens_it_in_whatever_order_it_is_kept() -> None:
    def minutes(number: int) -> datetime:
        return NOON + timedelta(minutes=number)

    route = a_route(ENDS_EARLY)
    tier = TierReached(0, NOON, notified=frozenset({"user:1"}), notified_at=NOON)
    before = Pause(minutes(-9), minutes(-8))
    later, within = Pause(minutes(8), minutes(9)), Pause(minutes(1), minutes(3))
    facts = replace(asked(route), tier=tier, pauses=(later, within, within, before))
    assert plan(route, Urgency.NORMAL, facts, NOON).look_again == minutes(7)


def test_a_question_in_a_tier_that_a_new_file_no_longer_has_goes_on_in_the_last() -> None:
    before, after = a_route(TWO_TIERS), a_route(ENDS_EARLY)
    facts = note(asked(before), EnterTier(1), NOON)
    due = plan(after, Urgency.NORMAL, facts, NOON + timedelta(minutes=6))
    assert [type(step) for step in due.steps] == [Notify]


def test_a_person_whom_a_new_file_adds_to_the_tier_is_notified() -> None:
    route = a_route(ENDS_EARLY.replace('["maya"]', '["maya", "tom"]'))
    tier = TierReached(0, NOON, notified=frozenset({"user:1"}), notified_at=NOON)
    facts = replace(asked(route), tier=tier)
    (step,) = plan(route, Urgency.NORMAL, facts, NOON + timedelta(minutes=1)).steps
    assert isinstance(step, Notify)
    assert [user.name for user in step.users] == ["tom"]


def test_settings_alone_make_a_route_that_notifies_the_operator() -> None:
    route = default_route(channel_id=500, user_id=1, role_ids={9, 8})
    assert isinstance(route, Route)
    assert [role.id for role in route.operators.roles] == ["8", "9"]
    assert play(route) == ["0s tier 1", "0s notify 1", "10m end time_out"]
    roles_only = default_route(channel_id=5, user_id=None, role_ids={9})
    assert play(roles_only)[1] == "0s notify @9"
    with pytest.raises(ValueError, match="nobody may answer"):
        default_route(channel_id=5, user_id=None, role_ids=())


def test_an_ended_question_is_not_looked_at_again() -> None:
    route = a_route(TWO_TIERS)
    facts = Facts(deadline=NOON, posted_at=NOON, ended=True)
    assert plan(route, Urgency.NORMAL, facts, NOON).look_again is None
