"""What the use-cases need from the world, as small Protocols that state their guarantees.

Each has an adapter on Redis (`shared.redis_adapter`) and a twin in memory (`shared.memory`),
held to the same contract tests in `tests/contract`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from shared.escalation import (
    DEFAULT_BOT,
    Ask,
    Claim,
    Escalation,
    News,
    Outcome,
    PolicyProgress,
    Posting,
    Remark,
    State,
    Vote,
)
from shared.manner import Manner
from shared.precedent import Precedent

Clock = Callable[[], datetime]
"""Tells the time as an aware UTC datetime. Waiting never uses it: only deadlines do."""


def utc_now() -> datetime:
    """Tell the time by the host's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A question is durable. `joined`: it was known before, and nothing new is asked."""

    escalation: Escalation
    joined: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """A listener's slot, and the fencing number under which it is held.

    The number grows with each holder. What was heard under an older one is not acted on: the
    newer holder took the slot before it connected, so it hears the same or finds it. Each bot has
    slots of its own: who listens for one fences nobody who listens for another.
    """

    slot: int
    fence: int
    bot: str = DEFAULT_BOT


@dataclass(frozen=True, slots=True)
class Concluded:
    """What came of an attempt to move an escalation on. `applied`: this attempt did.

    `fenced`: it was not even tried, since another listener holds the slot by now.
    """

    escalation: Escalation
    applied: bool
    fenced: bool = False


class EscalationStore(Protocol):
    """The record of every question."""

    async def accept(self, ask: Ask) -> Accepted:
        """Keep a question, durably and at once with its posting, or not at all.

        The same tenant's same idempotency key gives the same escalation for as long as it is
        kept. Without a key, or with a new one that `joins`, an identical question that is still
        open is joined.

        Raises:
            TooManyOpenError: The agent has as many open questions as the ask allows; none is new.
        """
        ...

    async def get(self, escalation_id: str) -> Escalation | None:
        """Read one record.

        Raises:
            UnreadableRecordError: This version can't read it.
        """
        ...

    async def list_for_tenant(
        self,
        tenant: str,
        *,
        conversation_id: str | None = None,
        states: frozenset[State] | None = None,
        most: int = 100,
    ) -> list[Escalation]:
        """Read a tenant's kept questions, newest first, at most so many of those asked for.

        Looks at the newest 1,000 of the conversation, or where none is named, of the tenant. A
        record that can't be read is left out.
        """
        ...

    async def list_open(self) -> list[Escalation]:
        """Read every open question, the nearest deadline first, at most 500.

        A record that can't be read is left out.
        """
        ...

    async def count_open(self, tenant: str, agent: str) -> int:
        """Count an agent's open questions, as `accept` counts them."""
        ...

    async def conclude(
        self, escalation_id: str, outcome: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """End an escalation. At most one outcome is ever accepted; the first one wins.

        Nothing that was heard under a `hold` is accepted once the slot has a newer holder.
        Returns the record as it stands after the attempt, or None if it is not kept.
        """
        ...

    async def keep_late_answer(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """Keep an answer beside a `timed_out` outcome. The first one is kept; `hold` likewise."""
        ...

    async def hand_over(self, escalation_id: str) -> Escalation | None:
        """Settle what is known of an answer, because an agent is about to read it.

        What was handed over never changes, so every reader reads the same. Safe to repeat, and to
        be repeated where it is not known to have been done. Returns the record as it stands from
        here on, or None if it is not kept.

        Raises:
            StoreUncertainError: Nobody may read it yet: the note may be lost, and then it changes.
        """
        ...

    async def note_delivery(self, escalation_id: str, news: News) -> Concluded | None:
        """Note that this news has reached the customer. The first time counts.

        Not applied where it was noted before, and where there is no such news.
        """
        ...

    async def note_caller(self, escalation_id: str, *, gone: bool) -> Concluded | None:
        """Note that nobody waits for the answer any more, or that somebody does again.

        The question stays open. Each going and each coming back is noted once, and shown to
        people; not applied where it is noted already, and where the question has ended.
        """
        ...


class AnswerFiles(Protocol):
    """The bytes of an answer's small images, kept for as long as its question's record.

    An answer is known by its `source`. Bytes are written as base64, under a name for each file.
    """

    async def keep(
        self,
        escalation_id: str,
        source: str,
        contents: Mapping[str, str],
        hold: Hold | None = None,
    ) -> bool:
        """Keep all of them, before the answer is accepted that names them. Safe to repeat.

        Nothing that was kept is dropped by it: who hears the same message again may get fewer.
        False where nothing is kept: the record is gone, no answer counts any more (not even as a
        late one), or the slot has a newer holder.
        """
        ...

    async def read(self, escalation_id: str, source: str) -> Mapping[str, str]:
        """Read what is kept; nothing where there is nothing any more."""
        ...

    async def forget(self, escalation_id: str, source: str) -> None:
        """Drop what was kept for an answer that did not count."""
        ...


class Corrections(Protocol):
    """Edits of answers, while their route lets people correct them."""

    async def correct(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """Take in an answer as it was edited: `text`, `corrected_at`, and the `source` that it had.

        It takes the first one's place while that was not handed over, and is kept beside it
        afterwards, where it gives way to a later edit until it was handed over itself. Not applied
        where that happened, where the message did not give the answer, where its time was over,
        or where a later edit is known. `hold` and what is returned are those of `conclude`.
        """
        ...

    async def correctable(self, *, before: datetime | None = None) -> list[str]:
        """List answered questions whose edits may be unheard; those whose time is over by then."""
        ...

    async def end_grace(self, escalation_id: str, heard_until: datetime | None) -> bool:
        """Have it shown that an answer stands, if all edits that were made in time were heard.

        Also forgets a question that is no longer kept. Returns whether there is something to show.
        """
        ...


class Discussion(Protocol):
    """What passes between people and the agent before an answer. Each act is done once.

    Every method returns the record as it stands after the attempt, or None if it is not kept.
    An act on a question that has ended is not applied, and neither is one that was done before.
    """

    async def remark(
        self, escalation_id: str, remark: Remark, hold: Hold | None = None
    ) -> Concluded | None:
        """Ask the agent back, which makes the question wait for it, or tell people in return."""
        ...

    async def claim(
        self,
        escalation_id: str,
        claim: Claim,
        hold: Hold | None = None,
        *,
        take_over: bool = False,
    ) -> Concluded | None:
        """Note who is on it; another's claim is ended only by `take_over`.

        Not applied either where this person is on it, or where something came of the claim's
        source before, as far as that is among the last `CLAIM_SOURCES_LIMIT` claims and releases.
        One that was assigned is counted.
        """
        ...

    async def release(
        self,
        escalation_id: str,
        person_id: str | None,
        hold: Hold | None = None,
        *,
        source: str = "",
    ) -> Concluded | None:
        """End a person's claim, or whoever's it is (None). `source` counts once, as a claim's."""
        ...

    async def vote(
        self,
        escalation_id: str,
        vote: Vote,
        outcome: Outcome,
        hold: Hold | None = None,
        *,
        needed: int,
    ) -> Concluded | None:
        """Count a person's word on an approval. If it decides, `outcome` ends the question.

        One denial denies; `needed` approvals of different people approve.
        """
        ...


DRAFT_LENGTH: Final = timedelta(minutes=15)
"""How long what somebody wrote into a form is kept after the last of it."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What one person has written into a question's form, by field; `fenced` as in `Concluded`."""

    written: Mapping[str, str]
    fenced: bool = False


class FormDrafts(Protocol):
    """What people wrote into forms that were not taken yet, so that nobody must write it twice.

    A help to people and no promise: it is forgotten after `DRAFT_LENGTH`.
    """

    async def keep(
        self,
        escalation_id: str,
        person_id: str,
        written: Mapping[str, str],
        hold: Hold | None = None,
    ) -> Drafted:
        """Add to what this person has written, field by field; return all of it.

        Nothing is added once the question has ended or is no longer kept, nor under a `hold` whose
        slot has a newer holder.
        """
        ...

    async def read(self, escalation_id: str, person_id: str) -> Mapping[str, str]:
        """Return what this person has written. Nobody sees another's."""
        ...

    async def forget(self, escalation_id: str, person_id: str) -> None:
        """Drop it: it was taken, or nobody wants it any more."""
        ...


class PolicyLog(Protocol):
    """Remembers how far each question's policy has come, and when to look at it again."""

    async def note_progress(
        self, found: Escalation, progress: PolicyProgress, *, release: bool = False
    ) -> Concluded | None:
        """Note a step, and end the claim with it where it is a `release`.

        Not applied unless the question is open and the record is as it was `found`: with as many
        steps and remarks, and the same person on it. So each step is noted once, and none that was
        planned on facts that hold no more. Returns None if the record is not kept.
        """
        ...

    async def look_again(self, escalation_id: str, at: datetime | None) -> None:
        """Have the policy looked at then; None: not before something changes.

        Where somebody is to look before that anyway, this stands.
        """
        ...

    async def show_again(self, escalation_id: str) -> bool:
        """Have people shown an open question anew: its route says something else by now.

        Returns False where there is no such open question.
        """
        ...


REMEMBERED_LIMIT: Final = 1_000
"""How many answered questions a route remembers; of more, those that are kept longest."""


class Precedents(Protocol):
    """Remembers by route which questions people answered, and finds those that are like another.

    An entry lives no longer than the record that it was made of, where its words and its answer
    are read.
    """

    async def remember(self, route: str, escalation: Escalation) -> bool:
        """Remember an answered question, once however often it is told; tell whether it is new."""
        ...

    async def find(self, route: str, escalation: Escalation, *, most: int) -> list[str]:
        """List the ids of what is like this question, never its own: the most alike first."""
        ...

    async def note_shown(
        self, escalation_id: str, precedents: tuple[Precedent, ...]
    ) -> Concluded | None:
        """Fix what a question shows of it. The first note stands; None if it is not kept."""
        ...

    async def forget_expired(self) -> int:
        """Forget what is no longer kept, a few hundred at most; tell how many were forgotten."""
        ...


Reply = Outcome | Remark
"""What ends a wait: how it ended, or what an operator asks back."""


class ReplyWaiter(Protocol):
    """Waits for outcomes without a connection for each wait."""

    async def wait(self, escalation_id: str, *, seconds: float) -> Reply | None:
        """Return the outcome as soon as there is one, or None after `seconds`.

        What an operator asks back ends the wait too, until the agent has replied to it. What
        was there before the call is returned at once, and every waiter gets the same, however
        often it asks.
        """
        ...


class Changes(Protocol):
    """Tells that an escalation changed. A hint to read it again, never the truth itself."""

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Yield ids of escalations that changed, and the empty string for "any may have"."""
        ...


class LeaseVerdict(StrEnum):
    """Whether this worker may post."""

    GRANTED = "granted"
    HELD = "held"  # another worker is at it
    NOT_NEEDED = "not_needed"  # posted or concluded already


class Work(StrEnum):
    """What is to be shown of a question."""

    POSTING = "posting"  # the question itself
    SHOWING = "showing"  # its outcome
    POLICY = "policy"  # who is called by its policy


@dataclass(frozen=True, slots=True)
class PostingLease:
    """Leave to show something of one question, for a few seconds unless renewed."""

    verdict: LeaseVerdict
    escalation: Escalation | None
    token: str
    attempt: int
    """1 for the first worker that ever tried; more when an earlier try broke off."""


class PostingLog(Protocol):
    """Sees to it that a question is shown once, whoever dies in between."""

    async def lease(self, escalation_id: str, work: Work = Work.POSTING) -> PostingLease:
        """Ask for leave to work. Only one lease on a question is alive at any time.

        Leave to post is given while the question is open and no complete posting was noted,
        whatever people or the agent have said of it meanwhile.
        """
        ...

    async def renew(self, lease: PostingLease) -> bool:
        """Keep the lease; False means that it was lost and posting must stop."""
        ...

    async def release(self, lease: PostingLease) -> None:
        """Give the lease back if it is still ours."""
        ...

    async def note_posting(
        self, escalation_id: str, posting: Posting, *, complete: bool, shown_before: bool = False
    ) -> State:
        """Write down where the question is shown; `complete` makes a queued one `posted`.

        What was said of an open one before, and is told where it is discussed, is then to be shown.
        Returns the state that the record has now: a final one means that the question ended
        while it was being posted. `shown_before`: people may have written there before this was
        known, so that the listener is to read it from its beginning; noted with `complete`.
        """
        ...

    async def note_manner(self, escalation_id: str, manner: Manner, since: datetime | None) -> None:
        """Write down how the question's message tells people to answer.

        `since`: when an edit of it changed what makes an answer; None where none did. What was
        shown before is never noted over what was shown later.
        """
        ...

    async def find(self, bot: str, posting_reference: str) -> str | None:
        """Tell which escalation this bot shows under this reference (a thread's id).

        What another bot shows is not found: each hears only what is its own.
        """
        ...


class Backlog(PostingLog, Protocol):
    """Knows what is still to be done about questions, whoever was to do it."""

    async def overdue(self) -> list[str]:
        """List open questions whose deadline passed although no job ended them."""
        ...

    async def unshown_score(self, escalation_id: str) -> int | None:
        """When the outcome that is still to be shown was decided (ms), if one is."""
        ...

    async def shown(self, escalation_id: str, score: int) -> None:
        """Note that people can see the outcome that was decided at `score`."""
        ...

    async def requeue(self, work: Work) -> int:
        """Queue again what is to be shown but that nobody is at; tell how many."""
        ...

    async def forget(self, escalation_id: str) -> None:
        """Take a question whose record has expired off the indexes."""
        ...


SLOT_LENGTH: Final = timedelta(seconds=3)
"""A listener that is killed gives way after so long, and one that can't keep its slot stops."""


class ListenerSlots(Protocol):
    """One worker's way to one of the few places from which workers listen for one bot."""

    async def hold(self) -> Hold | None:
        """Keep the slot that is ours, or take a free one; None where all are taken.

        One worker holds a slot at a time; each new hold has a larger number than the last.
        """
        ...

    async def release(self) -> None:
        """Give the slot back, so that another worker need not wait for its end."""
        ...


class PostingJournal(Protocol):
    """Given to a channel while it posts."""

    @property
    def attempt(self) -> int:
        """1 on the first try; on later ones the channel must look before it posts again."""
        ...

    async def started(self, posting: Posting) -> None:
        """Say that the question can now be found at `posting`, although it is not complete."""
        ...

    def found(self) -> None:
        """Say that an earlier try, of which the store knows nothing, had shown it already."""
        ...


class HumanChannel(Protocol):
    """Shows questions to people. What they reply comes back through `InboundReply`."""

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        """Show the question once, however often this is called for the same escalation.

        Raises:
            ChannelUnavailableError: Try again later.
            ChannelRejectedError: It can't be shown to anybody; somebody has to mend a setting.
        """
        ...

    async def show_outcome(self, escalation: Escalation) -> None:
        """Show how it ended and close the place where it was discussed. Safe to repeat.

        Raises:
            ChannelUnavailableError: Try again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file beside what somebody wrote, as its channel describes it. The type is a claim."""

    name: str
    url: str
    media_type: str | None
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class InboundReply:
    """What somebody wrote where a question is shown, before anything is believed of it."""

    escalation_id: str
    text: str
    person_id: str
    person_name: str
    person_roles: frozenset[str]
    channel: str
    source: str
    at: datetime
    hold: Hold | None = None
    """Of the session that heard it; None on the desk, where whoever is asked is answered."""
    editable: bool = False
    """Whether it is a message, which can be edited where it stands."""
    files: tuple[OfferedFile, ...] = ()
    """Of one message, or of all that are joined to one answer."""
    joined: tuple[str, ...] = ()
    """Which other messages are joined to that of the source."""


OnReply = Callable[[InboundReply], Awaitable["ReplyVerdict"]]


class ReplyVerdict(StrEnum):
    """What became of a reply."""

    ACCEPTED = "accepted"  # it is the answer
    REPEATED = "repeated"  # it was the answer already: the same message came twice
    TOO_LATE = "too_late"  # the question had ended with another outcome
    KEPT_LATE = "kept_late"  # after the deadline; kept beside the time-out
    NOT_ALLOWED = "not_allowed"  # this person may not answer
    WRONG_SHAPE = "wrong_shape"  # this question is answered in another way than in writing
    WRITTEN = "written"  # read, and passed on by nobody: its route waits for Send
    WRITTEN_LATE = "written_late"  # likewise, after the deadline
    WRITTEN_IN_VAIN = "written_in_vain"  # likewise, where nothing is answered in writing
    WRITTEN_AFTER = "written_after"  # likewise, after another end
    OVERHEARD = "overheard"  # likewise, said by somebody who may not answer, or before the end
    NOTHING_WRITTEN = "nothing_written"  # Send, and this person has written nothing to be sent
    TOO_MUCH_WRITTEN = "too_much_written"  # Send, and it is longer than an answer may be
    CONTENT_HIDDEN = "content_hidden"  # Send, and what was written can't be read
    FORWARDED = "forwarded"  # Send, and a part of it is another message, forwarded
    POLLED = "polled"  # Send, and a part of it is a poll
    PAGE_KEPT = "page_kept"  # a part of a form, whose rest is still to come
    FILES_REFUSED = "files_refused"  # files without a word, none of which may be passed on
    ASKED_BACK = "asked_back"  # the agent is asked, and the question waits for it
    ENOUGH_SAID = "enough_said"  # as much was said about it as may be
    CLAIMED = "claimed"  # this person is on it
    CLAIMED_ALREADY = "claimed_already"  # somebody else is on it
    RELEASED = "released"  # nobody is on it any more
    REASSIGNED = "reassigned"  # whoever was chosen is on it
    ON_IT_ALREADY = "on_it_already"  # whoever was chosen was on it before
    CANNOT_TAKE_IT = "cannot_take_it"  # whoever was chosen may not answer
    VOTED = "voted"  # counted
    VOTED_ALREADY = "voted_already"  # this person's word was counted before
    FORGOTTEN = "forgotten"  # what is shown of an earlier answer is all that is left of it
    REASON_NEEDED = "reason_needed"  # a word on an approval that lacks the reason that it needs
    CORRECTED = "corrected"  # edited before any agent had read it
    CORRECTION_KEPT = "correction_kept"  # edited afterwards; told to the agent as a correction
    EDITED_TOO_LATE = "edited_too_late"  # the answer stands as it was
    NOT_THE_ANSWER = "not_the_answer"  # an edit of something else: nobody's business
    UNREADABLE = "unreadable"  # nothing to pass on: empty, or over the limit
    UNKNOWN = "unknown"  # no such question is kept
    FENCED = "fenced"  # another worker listens by now: it is that one's to take in
