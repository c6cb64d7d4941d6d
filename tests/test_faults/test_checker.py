"""The checker finds each broken promise in a small history, and none where all went well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from faults.checker import Promise, check
from faults.history import Component, Event, History, What, read

from test_faults.stories import (
    DEADLINE,
    ID,
    MALLORY,
    MAYA,
    NOOR,
    THREAD,
    TOKEN,
    answered_well,
    asked_an_agent,
    called,
    calm_end,
    campaign,
    dropped_well,
    failed,
    instead,
    let_go,
    outcome,
    record,
    returned,
    said,
    starter,
    timed_out_well,
    wrote,
)

ANSWER = f"Maya on {TOKEN}: yes"
SHOWN = "✅ Answered by Maya after 10 s"
MARKED = said(1, MAYA, ANSWER, marks=("✅",))


def broken(events: list[Event]) -> set[Promise]:
    return {violation.promise for violation in check(events)}


@pytest.mark.parametrize("events", [answered_well(), timed_out_well(), dropped_well()])
def test_nothing_is_found_where_all_went_well(events: list[Event]) -> None:
    assert check(events) == []


def test_an_error_in_between_breaks_no_promise() -> None:
    assert check([*answered_well(), called(11.0, 3), failed(11.5, 3, "ReadError")]) == []


def test_a_question_without_a_record_is_lost() -> None:
    assert broken(instead(answered_well(), What.RECORD)) == {Promise.LOST}


def test_a_question_that_never_ends_is_lost() -> None:
    events = [
        event
        for event in answered_well()
        if event.what is not What.RETURNED or event["status"] == "pending"
    ]
    open_for_ever = instead(events, What.RECORD, record(None, None))
    assert broken(instead(open_for_ever, What.STARTER, starter(None))) == {Promise.LOST}


def test_an_id_that_its_own_agent_may_not_read_is_lost() -> None:
    unknown = f"escalation_id: no question with the id '{ID}' is kept for this agent"
    events = [*answered_well(), called(30.0, 3, "check_answer"), failed(30.5, 3, unknown)]
    assert broken(events) == {Promise.LOST}


def test_an_outcome_that_no_client_ever_reads_is_lost() -> None:
    events = instead(answered_well(), What.RETURNED, returned(12.0, 1, "pending"))
    assert broken(events) == {Promise.LOST}


@pytest.mark.parametrize("seconds", [0.01, 50.0])
def test_an_answer_in_time_that_ends_as_timed_out_is_lost(seconds: float) -> None:
    events = [*timed_out_well(), wrote(DEADLINE - seconds, 1)]
    assert broken(events) == {Promise.LOST}


def test_a_late_answer_changes_nothing() -> None:
    assert check([*timed_out_well(), wrote(DEADLINE + 0.01, 1)]) == []


def test_an_answer_that_nobody_heard_for_a_minute_may_be_too_late() -> None:
    events = [*timed_out_well(), wrote(DEADLINE - 5, 1)]
    assert check(instead(events, What.RECORD, record(outcome("timed_out"), DEADLINE + 60.1))) == []


def test_what_somebody_else_wrote_in_time_is_no_answer() -> None:
    assert check([*timed_out_well(), wrote(50.0, 1, MALLORY)]) == []


def test_a_reply_key_that_is_gone_is_lost() -> None:
    gone = record(outcome("answered"), 20.0, reply=None)
    assert broken(instead(answered_well(), What.RECORD, gone)) == {Promise.LOST}


def test_a_reply_key_that_differs_is_a_second_answer() -> None:
    other = record(outcome("answered"), 20.0, reply=outcome("answered", author=NOOR))
    assert broken(instead(answered_well(), What.RECORD, other)) == {Promise.ANSWERED_TWICE}


@pytest.mark.parametrize(("status", "answer"), [("answered", "no"), ("timed_out", None)])
def test_two_readings_that_differ_are_two_answers(status: str, answer: str | None) -> None:
    events = [*answered_well(), called(200.0, 3), returned(200.1, 3, status, answer)]
    assert broken(events) == {Promise.ANSWERED_TWICE}


def test_two_messages_for_one_question_are_found() -> None:
    events = [*answered_well(), starter(SHOWN, MARKED)]
    assert broken(events) == {Promise.POSTED_TWICE}


def test_the_bot_may_not_say_the_same_twice() -> None:
    twice = starter(SHOWN, MARKED, said(2, None, "Too late."), said(3, None, "Too late."))
    assert broken(instead(answered_well(), What.STARTER, twice)) == {Promise.POSTED_TWICE}


def test_the_bot_may_answer_two_people_in_the_same_words() -> None:
    replies = [said(n, None, "Too late.", about=str(n)) for n in (2, 3)]
    assert check(instead(answered_well(), What.STARTER, starter(SHOWN, MARKED, *replies))) == []


def test_an_answer_to_another_question_is_wrong() -> None:
    stray = outcome("answered", text="Maya on Q7x7: yes")
    events = instead(answered_well(), What.RECORD, record(stray, 20.0))
    last = returned(20.5, 2, "answered", "Maya on Q7x7: yes")
    assert broken(instead(events, What.RETURNED, last)) == {Promise.WRONG_ANSWER}


def test_an_answer_that_nobody_wrote_is_wrong() -> None:
    assert broken(instead(answered_well(), What.WROTE)) == {Promise.WRONG_ANSWER}


def test_an_answer_that_is_not_word_for_word_is_wrong() -> None:
    events = instead(answered_well(), What.WROTE, wrote(20.0, 1, text=f"{ANSWER}, but"))
    assert broken(events) == {Promise.WRONG_ANSWER}


def test_either_text_of_an_edited_message_may_be_passed_on() -> None:
    edited = Event(20.2, What.EDITED, {"token": TOKEN, "message": "1", "text": ANSWER})
    events = instead(answered_well(), What.WROTE, wrote(20.0, 1, text="first"))
    assert check([*events, edited]) == []


def test_an_answer_that_was_not_the_first_is_wrong() -> None:
    second = outcome("answered", source=2)
    events = instead(answered_well(), What.RECORD, record(second, 20.0))
    events = instead(events, What.STARTER, starter(SHOWN, {**MARKED, "id": "2"}))
    assert check(instead(events, What.WROTE, wrote(20.0, 2))) == []
    assert broken(instead(events, What.WROTE, wrote(20.0, 2), wrote(19.9, 1, NOOR))) == {
        Promise.WRONG_ANSWER
    }


def test_an_answer_by_somebody_who_may_not_is_found() -> None:
    theirs = outcome("answered", author=MALLORY, text=ANSWER)
    shown = starter("✅ Answered by Mallory after 10 s", MARKED)
    events = instead(answered_well(), What.RECORD, record(theirs, 20.0))
    assert broken(instead(events, What.STARTER, shown)) == {Promise.UNAUTHORISED}


def test_a_late_answer_by_somebody_who_may_not_is_found() -> None:
    late = outcome("answered", author=MALLORY)
    events = instead(timed_out_well(), What.RECORD, record(outcome("timed_out"), 101.0, late=late))
    assert broken([*events, wrote(120.0, 1, MALLORY)]) == {Promise.UNAUTHORISED}


@pytest.mark.parametrize(
    ("kept", "read_at"),
    [
        (record(outcome("timed_out"), DEADLINE - 1), 101.5),
        (record(outcome("timed_out"), DEADLINE), DEADLINE - 1),
        (record(outcome("timed_out"), 101.0, posting=None), 101.5),
    ],
)
def test_a_time_out_before_its_time_or_unseen_is_a_wrong_outcome(
    kept: Event, read_at: float
) -> None:
    events = instead(timed_out_well(), What.RECORD, kept)
    events = instead(events, What.RETURNED, returned(read_at, 1, "timed_out"))
    assert broken(events) == {Promise.WRONG_OUTCOME}


def test_only_an_agent_cancels() -> None:
    shown = starter("✖️ Cancelled by the agent")
    events = instead(timed_out_well(), What.RECORD, record(outcome("cancelled"), 30.0))
    events = instead(events, What.RETURNED, returned(31.0, 1, "cancelled"))
    events = instead(events, What.STARTER, shown)
    assert broken(events) == {Promise.WRONG_OUTCOME}
    assert check([*events, called(29.0, 2, "cancel_question")]) == []


def test_a_question_that_was_kept_is_answered_and_one_that_had_ended_too() -> None:
    for became in ("kept", "had_ended", None):
        assert check([*answered_well(), *let_go(15.0, 3, became)]) == []


def test_what_was_said_to_be_dropped_is_answered_to_nobody() -> None:
    events = [*answered_well(), *let_go(15.0, 3, "cancelled")]
    kept = record(outcome("answered"), 20.0, route="drops")
    assert broken(instead(events, What.RECORD, kept)) == {Promise.WRONG_OUTCOME}


def test_what_its_route_drops_is_not_kept() -> None:
    events = [*answered_well(), *let_go(15.0, 3, "kept")]
    kept = record(outcome("answered"), 20.0, route="drops")
    assert broken(instead(events, What.RECORD, kept)) == {Promise.WRONG_OUTCOME}


def test_what_its_route_keeps_is_not_dropped() -> None:
    ending = {**outcome("cancelled"), "provenance": "system"}
    dropped = record(ending, 20.0, route="default")
    assert broken(instead(dropped_well(), What.RECORD, dropped)) == {Promise.WRONG_OUTCOME}


def test_a_dropped_question_is_not_shown_as_cancelled_by_the_agent() -> None:
    shown = starter("✖️ Cancelled by the agent")
    assert broken(instead(dropped_well(), What.STARTER, shown)) == {Promise.SHOWN_WRONG}


def test_what_was_dropped_and_is_read_as_answered_is_a_second_answer() -> None:
    events = instead(dropped_well(), What.RETURNED, returned(22.1, 3, "answered", "yes"))
    assert broken(events) == {Promise.ANSWERED_TWICE}


@pytest.mark.parametrize(
    ("ended", "shown", "expected"),
    [
        (101.0, [], set[Promise]()),
        (50.0, [], {Promise.WRONG_OUTCOME}),
        (101.0, [starter("⚠️ Could not be delivered")], {Promise.WRONG_OUTCOME}),
        (101.0, [starter("⚠️ Could not be delivered", opened=101.1)], set[Promise]()),
        (101.0, [starter("⚠️ Could not be delivered", opened=None)], set[Promise]()),
    ],
)
def test_undeliverable_is_only_what_nobody_could_see(
    ended: float, shown: list[Event], expected: set[Promise]
) -> None:
    kept = record(outcome("undeliverable"), ended, posting=None)
    events = instead(timed_out_well(), What.RECORD, kept)
    events = instead(events, What.RETURNED, returned(102.0, 1, "undeliverable"))
    assert broken(instead(events, What.STARTER, *shown)) == expected


def test_a_key_that_gives_two_ids_is_found() -> None:
    second = [
        called(13.0, 3),
        returned(20.6, 3, "answered", ANSWER, id="01B"),
        record(outcome("answered"), 20.0, id="01B"),
    ]
    assert broken([*answered_well(), *second]) == {Promise.TWO_IDS}


@pytest.mark.parametrize(
    "shown",
    [
        starter(None, MARKED),
        starter("⌛ Nobody answered in time", MARKED),
        starter("✅ Answered by Noor after 10 s", MARKED),
        starter(SHOWN, {**MARKED, "marks": []}),
        starter(SHOWN, MARKED, said(2, NOOR, "me too", marks=("✅",))),
    ],
)
def test_discord_must_show_what_is_recorded(shown: Event) -> None:
    assert broken(instead(answered_well(), What.STARTER, shown)) == {Promise.SHOWN_WRONG}


def test_what_is_left_at_the_end_is_found() -> None:
    whole = [event for event in answered_well() if event.what not in {What.SETTLED, What.LEFT}]
    assert broken([*whole, *calm_end(leaks=["p:esc:1"])]) == {Promise.LEAKED}
    assert broken([*whole, *calm_end(unshown=[ID])]) == {Promise.LOST}
    assert broken([*whole, *calm_end(in_time=False)]) == {Promise.LOST}
    assert broken(whole) == {Promise.LOST}


def test_a_campaign_in_which_nothing_was_asked_proves_nothing() -> None:
    assert broken([campaign(), *calm_end()]) == {Promise.LOST}


def test_a_process_that_ends_by_itself_is_found() -> None:
    about = {"component": Component.WORKER, "process": "worker-0", "status": 1}
    assert broken([*answered_well(), Event(50.0, What.ENDED_ITSELF, about)]) == {
        Promise.ENDED_ITSELF
    }


def test_every_promise_has_a_history_that_breaks_it() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [each.name for each in Promise if f"Promise.{each.name}" not in source] == []


def test_a_history_reads_back_as_it_was_written(tmp_path: Path) -> None:
    with History(tmp_path / "history.jsonl") as history:
        for event in answered_well():
            history.note(event.what, **event.fields)
    kept = read(tmp_path / "history.jsonl")
    assert kept == history.events
    assert [replace(event, at=0.0) for event in kept] == [
        replace(event, at=0.0) for event in answered_well()
    ]
    assert kept[3]["thread"] == THREAD


TELLS = "I have heard back about “10 % off?”. Maya says: yes"


def test_an_outcome_that_is_told_and_noted_breaks_no_promise() -> None:
    assert check(asked_an_agent((21.0, TELLS), delivered=21.2)) == []


def test_a_host_that_dies_before_the_note_may_leave_it_to_be_told_once_more() -> None:
    assert check(asked_an_agent((21.0, TELLS), (30.0, TELLS), delivered=30.2)) == []


def test_what_is_told_again_after_the_note_is_told_twice() -> None:
    events = asked_an_agent((21.0, TELLS), (30.0, TELLS), delivered=21.2)
    assert broken(events) == {Promise.TOLD_TWICE}


def test_an_outcome_that_the_customer_never_heard_is_lost() -> None:
    assert broken(asked_an_agent(delivered=None)) == {Promise.LOST}


def test_what_a_customer_said_is_lost_unless_they_or_the_host_ended_before_it_was_asked() -> None:
    unasked = [
        each
        for each in asked_an_agent(delivered=None)
        if each.what in {What.CAMPAIGN, What.SAID, What.LEFT, What.SETTLED, What.CALM}
    ]
    assert broken(unasked) == {Promise.LOST}
    ended = Event(10.0, What.FAULT, {"component": Component.AGENT, "kind": "kill"})
    assert broken([*unasked, ended]) == set()
    hung_up = Event(10.0, What.HUNG_UP, {"token": TOKEN})
    assert broken([*unasked, hung_up]) == set()


def test_an_outcome_that_was_told_and_never_noted_is_lost() -> None:
    assert broken(asked_an_agent((21.0, TELLS), delivered=None)) == {Promise.LOST}
