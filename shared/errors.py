"""The failures that callers are expected to tell apart.

```
EscalationError
├── UnknownEscalationError      no such id, or it belongs to another agent
├── EndedError                  an agent tells people something about a question that has ended
├── TooManyRemarksError         enough has been said about a question; people must decide
├── TooManyOpenError            an agent has as many open questions as it may
├── TooManyCallsError           an agent calls more often than it may
├── UnreadableRecordError       what is kept of a question can't be read by this version
├── NothingToDeliverError       the news that an agent confirms does not exist
├── StoreUnavailableError       Redis can't be reached, is full, or refuses us: nothing was done
│   └── StoreUncertainError         a change was sent, and no answer came: it may have been made
├── ChannelError                a question could not be shown to a person
│   ├── ChannelUnavailableError     waiting can help: try again
│   └── ChannelRejectedError        waiting can't help: someone has to mend a setting
└── ConfigurationError          a setting is wrong; the message says how to mend it
```
Outcomes that are expected (a time-out, a refused reply, a second answer) are values, not errors.
"""

from datetime import timedelta
from math import ceil


class EscalationError(Exception):
    """The root of every error that this project raises on purpose."""


class UnknownEscalationError(EscalationError):
    """No escalation with this id is kept for this agent."""

    def __init__(self, escalation_id: str) -> None:
        super().__init__(
            f"escalation_id: no question with the id {escalation_id!r} is kept for this agent"
        )
        self.escalation_id = escalation_id


class UsedKeyError(EscalationError):
    """An idempotency key came again where its approval would pass for one of something else."""

    def __init__(self, escalation_id: str) -> None:
        super().__init__(
            "idempotency_key: it belongs to another question, with "
            f"escalation_id={escalation_id}: check_answer tells of that one. Nothing was asked. "
            "Give each question a key of its own"
        )


class EndedError(EscalationError):
    """The question has ended, so that nobody reads what is said about it."""

    def __init__(self, state: str) -> None:
        super().__init__(
            f"escalation_id: this question has ended ({state}): check_answer says how. "
            "Ask anew if something is still to be decided"
        )


class TooManyRemarksError(EscalationError):
    """Agent and people have exchanged as many remarks as a question may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"escalation_id: {limit} remarks were made about this question, which is the limit: "
            "wait for the answer, or cancel it and ask anew"
        )


class TooManyOpenError(EscalationError):
    """An agent has as many open questions as it may; it says when the first of them ends."""

    def __init__(self, limit: int, first_ends_in: timedelta) -> None:
        seconds = max(1, ceil(first_ends_in.total_seconds()))
        super().__init__(
            f"too many open questions: this agent has {limit}, which is the limit. "
            "Nothing was asked. "
            f"Try again when one has ended: the next does in {seconds} seconds, if not before"
        )


class TooManyCallsError(EscalationError):
    """An agent calls more often than it may; it says when its next call may come."""

    def __init__(self, per_second: float, wait: timedelta, *, what: str = "calls") -> None:
        seconds = max(0.1, ceil(wait.total_seconds() * 10) / 10)
        self.retry_after = timedelta(seconds=seconds)
        super().__init__(
            f"too many {what}: this agent may make {per_second:g} a second over time. "
            f"Nothing was done. Try again in {seconds:g} seconds"
        )


class TooManyAtOnceError(EscalationError):
    """An agent has as many of these wait for each other as it may; it says when to come back."""

    retry_after = timedelta(seconds=1)

    def __init__(self, what: str, most: int) -> None:
        super().__init__(
            f"too many {what} at once: {most} of this agent's stand in line here already. "
            f"Nothing was done. Try again in {self.retry_after.total_seconds():g} second"
        )


class UnreadableRecordError(EscalationError):
    """A newer version wrote this record, or something damaged it. Others are not concerned."""

    def __init__(self) -> None:
        super().__init__(
            "this question's record can't be read here: a newer version wrote it, or it is "
            "damaged. Please try again"
        )


class NothingToDeliverError(EscalationError):
    """An agent says that a customer knows what nobody knows yet."""

    def __init__(self, news: str) -> None:
        what = "late answer" if news == "late_answer" else "outcome"
        super().__init__(f"escalation_id: this question has no {what} yet that could be delivered")


class StoreUnavailableError(EscalationError):
    """Redis did not do what was asked: it refused, or it was never told.

    A change that may have been made all the same is a `StoreUncertainError`.
    """


class StoreUncertainError(StoreUnavailableError):
    """A change was sent to Redis and no answer came: it was made wholly, or not at all.

    Every change is one script, so that nothing is ever half done, and is safe to repeat.
    """


class ChannelError(EscalationError):
    """A question could not be shown to a person."""


class ChannelUnavailableError(ChannelError):
    """The channel does not answer now; the same call may succeed after `retry_after`."""

    def __init__(self, reason: str, *, retry_after: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ChannelRejectedError(ChannelError):
    """The channel refuses for a reason that time does not mend; the message says what does."""


class ConfigurationError(EscalationError):
    """A setting is missing or wrong; the message names it and the mend, without its secret."""
