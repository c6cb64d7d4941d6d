"""Named places between a question's acceptance and its answer's delivery where a process may die.

A test names one in `HITL_CRASH_POINT`; the process then kills itself there, as power loss would, so
that a test can walk through every one of them. Without that variable nothing happens here. There is
no point between a record and its job, nor between an answer and its wake-up: each pair is written
by one script.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Final

VARIABLE: Final = "HITL_CRASH_POINT"


class CrashPoint(StrEnum):
    """Where a process may die."""

    ASK_BEFORE_ACCEPTED = "ask_before_accepted"
    ASK_AFTER_ACCEPTED = "ask_after_accepted"  # durable, but the agent does not know the id
    REPLY_READ_BEFORE_RESPONSE = "reply_read_before_response"
    ANSWER_HANDED_OVER = "answer_handed_over"  # it can't change any more; the agent has not got it
    TASK_REPLY_TOLD = "task_reply_told"  # people see it; the task's client does not know
    CONVERSATION_END_HEARD = "conversation_end_heard"
    CONVERSATION_END_NOTED = "conversation_end_noted"  # of one question; the agent does not know
    POSTING_LEASED = "posting_leased"  # nothing was sent yet
    PRECEDENTS_NOTED = "precedents_noted"  # what was answered before is fixed; nothing was sent yet
    STARTER_SENT = "starter_sent"  # people see it; nothing is written down
    STARTER_NOTED = "starter_noted"  # there is no thread yet
    THREAD_OPENED = "thread_opened"  # the question still counts as queued
    POSTING_NOTED = "posting_noted"  # the lease is still held
    REPLY_HEARD = "reply_heard"  # before anything is decided about it
    FILES_KEPT = "files_kept"  # the images of an answer that does not count yet
    REPLY_ACCEPTED = "reply_accepted"  # before the cursor moves on
    REMARK_HEARD = "remark_heard"
    REMARK_NOTED = "remark_noted"  # the agent is woken; the cursor has not moved on
    VOTE_HEARD = "vote_heard"
    VOTE_NOTED = "vote_noted"  # counted; whoever clicked was not told
    EDIT_HEARD = "edit_heard"  # of a message that is the answer
    EDIT_NOTED = "edit_noted"
    ASSIGNMENT_NOTED = "assignment_noted"  # neither who chose nor who was chosen was told
    PAGE_KEPT = "page_kept"  # a page of a form is kept; whoever wrote it was not told
    SENDING_READ = "sending_read"  # what is to be sent was read, and the click acknowledged
    CALLER_TOLD_OF = "caller_told_of"  # the thread says it; the showing still counts as due
    OUTCOME_EDITED = "outcome_edited"  # the message shows it; the thread is open
    RELAYED = "relayed"  # people were told and called; the showing still counts as due
    OUTCOME_CONFIRMED = "outcome_confirmed"
    OUTCOME_CLOSED = "outcome_closed"  # the showing still counts as due
    ANSWER_REMEMBERED = "answer_remembered"  # likewise, and the next question may show it
    EXPIRY_DUE = "expiry_due"
    EXPIRY_CONCLUDED = "expiry_concluded"
    HANGING_UP = "hanging_up"  # the customer is gone, and the gateway does not know it
    OUTCOME_KNOWN_TO_AGENT = "outcome_known_to_agent"  # the customer was not told yet
    OUTCOME_SPOKEN = "outcome_spoken"  # told, and nobody but the customer knows it
    CATCHING_UP_LISTED = "catching_up_listed"  # nothing that was missed is heard yet


class _Armed:
    point: CrashPoint | None = None


def arm_from_environment() -> None:
    """Take the point from the environment, if a test put one there. Called by `__main__` only.

    Raises:
        ValueError: There is no such point.
    """
    named = os.environ.get(VARIABLE)
    _Armed.point = CrashPoint(named) if named else None


def crash_point(point: CrashPoint) -> None:
    """Die here, if this is the point that a test named."""
    if _Armed.point is point:
        os.kill(os.getpid(), signal.SIGKILL)
