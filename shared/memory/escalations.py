"""`EscalationStore`, `Backlog` and what wakes those who wait, in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from uuid import uuid4

from shared.errors import TooManyOpenError
from shared.escalation import (
    TRANSITIONS,
    Ask,
    Escalation,
    News,
    Outcome,
    Posting,
    Remark,
    State,
    new_id,
)
from shared.fan_out import FanOut
from shared.manner import Manner, MannerShown
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import Accepted, Concluded
from shared.ports.hold import Hold
from shared.ports.postings import LeaseVerdict, PostingLease, Work
from shared.ports.waiting import Reply


@dataclass(slots=True)
class Entry:
    """What is kept of a question."""

    escalation: Escalation
    attempts: Counter[Work] = field(default_factory=Counter[Work])
    lease: tuple[str, datetime] | None = None
    asked_back: Remark | None = None
    replied: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while there is something that ends a wait."""
    claims: list[str] = field(default_factory=list[str])
    """What claims and releases came by, the newest last."""


class MemoryEscalations:
    """`EscalationStore`, `ReplyWaiter`, `Changes` and `PostingLog` in one process's memory."""

    def __init__(self, *, clock: Clock = utc_now, lease: timedelta = timedelta(seconds=5)) -> None:
        self._clock = clock
        self._lease = lease
        self._entries: dict[str, Entry] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._by_fingerprint: dict[tuple[str, str], str] = {}
        self._by_reference: dict[tuple[str, str], str] = {}
        self.changes = FanOut()
        self.fences: Counter[tuple[str, int]] = Counter()
        """How many held each slot of each bot's listeners."""
        self.unposted: set[str] = set()
        """Open questions that no person can see yet."""
        self.unread: set[str] = set()
        """Under which may stand what nobody knew to belong to them."""
        self.correctable: dict[str, datetime] = {}
        """Until when each answer may be edited, as far as edits may be unheard."""

    async def accept(self, ask: Ask) -> Accepted:
        """See `EscalationStore.accept`."""
        now = self._now()
        fingerprint = (ask.owner, ask.question.fingerprint())
        known = None
        if ask.idempotency_key is not None:
            known = self.entry(self._by_key.get((ask.owner, ask.idempotency_key), ""))
        if known is None and (ask.idempotency_key is None or ask.joins):
            known = self.entry(self._by_fingerprint.get(fingerprint, ""))
            if known and not (known.escalation.state.is_open and known.escalation.deadline > now):
                known = None
        if known:
            if ask.idempotency_key is not None:
                self._by_key[ask.owner, ask.idempotency_key] = known.escalation.id
            return Accepted(known.escalation, joined=True)
        theirs = self._open_of(ask.owner, ask.agent)
        if ask.open_limit is not None and len(theirs) >= ask.open_limit:
            raise TooManyOpenError(ask.open_limit, theirs[0].deadline - now)
        escalation = Escalation(
            id=new_id(),
            agent=ask.agent,
            tenant=ask.tenant,
            question=ask.question,
            state=State.QUEUED,
            created_at=now,
            deadline=now + ask.timeout,
            kept_until=now + ask.timeout + ask.retention,
        )
        self._entries[escalation.id] = Entry(escalation)
        self.unposted.add(escalation.id)
        self._by_fingerprint[fingerprint] = escalation.id
        if ask.idempotency_key is not None:
            self._by_key[ask.owner, ask.idempotency_key] = escalation.id
        self.changes.tell(escalation.id)
        return Accepted(escalation, joined=False)

    async def get(self, escalation_id: str) -> Escalation | None:
        """See `EscalationStore.get`."""
        entry = self.entry(escalation_id)
        return entry.escalation if entry else None

    async def list_for_tenant(
        self,
        tenant: str,
        *,
        conversation_id: str | None = None,
        states: frozenset[State] | None = None,
        most: int = 100,
    ) -> list[Escalation]:
        """See `EscalationStore.list_for_tenant`."""
        theirs = sorted(
            (
                each
                for each in self._kept()
                if each.owner == tenant
                and (conversation_id is None or each.question.conversation_id == conversation_id)
            ),
            key=lambda each: (each.created_at, each.id),
            reverse=True,
        )
        return [each for each in theirs[:1000] if states is None or each.state in states][:most]

    async def list_open(self) -> list[Escalation]:
        """See `EscalationStore.list_open`."""
        return self.all_open()[:500]

    async def open_pages(self) -> AsyncGenerator[list[Escalation]]:
        """See `EscalationStore.open_pages`."""
        ids = [each.id for each in self.all_open()[:5000]]
        for first in range(0, len(ids), 500):
            page = [await self.get(each) for each in ids[first : first + 500]]
            yield [each for each in page if each is not None and each.state.is_open]

    async def count_open(self, tenant: str, agent: str) -> int:
        """See `EscalationStore.count_open`."""
        return len(self._open_of(tenant, agent))

    def _open_of(self, tenant: str, agent: str) -> list[Escalation]:
        now = self._now()
        return [
            each
            for each in self.all_open()
            if (each.owner, each.agent) == (tenant, agent) and each.deadline > now
        ]

    def all_open(self) -> list[Escalation]:
        """Every open question, the nearest deadline first."""
        found = [each for each in self._kept() if each.state.is_open]
        return sorted(found, key=lambda each: (each.deadline, each.id))

    def outdated(self, hold: Hold | None) -> bool:
        """Whether the slot has a newer holder."""
        return hold is not None and self.fences[hold.bot, hold.slot] > hold.fence

    async def conclude(
        self, escalation_id: str, outcome: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """See `EscalationStore.conclude`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return None
        if self.outdated(hold):
            return Concluded(entry.escalation, applied=False, fenced=True)
        if outcome.state not in TRANSITIONS[entry.escalation.state]:
            return Concluded(entry.escalation, applied=False)
        entry.escalation = entry.escalation.model_copy(
            update={"state": outcome.state, "outcome": outcome}
        )
        self.unposted.discard(escalation_id)
        if outcome.correctable_until is not None:
            self.correctable[escalation_id] = outcome.correctable_until
        entry.replied.set()
        self.changes.tell(escalation_id)
        return Concluded(entry.escalation, applied=True)

    async def keep_late_answer(
        self, escalation_id: str, answer: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        """See `EscalationStore.keep_late_answer`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return None
        if self.outdated(hold):
            return Concluded(entry.escalation, applied=False, fenced=True)
        if entry.escalation.state is not State.TIMED_OUT or entry.escalation.late_answer:
            return Concluded(entry.escalation, applied=False)
        entry.escalation = entry.escalation.model_copy(update={"late_answer": answer})
        self.changes.tell(escalation_id)
        return Concluded(entry.escalation, applied=True)

    async def hand_over(self, escalation_id: str) -> Escalation | None:
        """See `EscalationStore.hand_over`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return None
        known, now = entry.escalation, self._clock()
        if known.state is State.ANSWERED:
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            update = {"handed_over_at": known.handed_over_at or now}
            if known.late_answer is not None:
                update["late_answer_handed_over_at"] = known.late_answer_handed_over_at or now
            entry.escalation = known.model_copy(update=update)
        return entry.escalation

    async def note_delivery(self, escalation_id: str, news: News) -> Concluded | None:
        """See `EscalationStore.note_delivery`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return None
        known = entry.escalation
        match news:
            case News.OUTCOME:
                told, noted, field_name = known.outcome, known.delivered_at, "delivered_at"
            case News.LATE_ANSWER:
                told, noted = known.late_answer, known.late_answer_delivered_at
                field_name = "late_answer_delivered_at"
            case _:
                assert_never(news)
        if told is None or noted is not None:
            return Concluded(known, applied=False)
        entry.escalation = known.model_copy(update={field_name: self._now()})
        self.changes.tell(escalation_id)
        return Concluded(entry.escalation, applied=True)

    async def note_caller(self, escalation_id: str, *, gone: bool) -> Concluded | None:
        """See `EscalationStore.note_caller`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return None
        known = entry.escalation
        if not known.state.is_open or (known.caller_gone_at is not None) == gone:
            return Concluded(known, applied=False)
        changes = {
            "caller_gone_at": self._now() if gone else None,
            "departures": known.departures + int(gone),
        }
        entry.escalation = known.model_copy(update=changes)
        self.changes.tell(escalation_id)
        return Concluded(entry.escalation, applied=True)

    async def wait(self, escalation_id: str, *, seconds: float) -> Reply | None:
        """See `ReplyWaiter.wait`."""
        entry = self.entry(escalation_id)
        if entry is None:
            await asyncio.sleep(max(0.0, seconds))
            return None
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await entry.replied.wait()
        except TimeoutError:
            return None
        return entry.escalation.outcome or entry.asked_back

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """See `Changes.subscribe`."""
        return self.changes.subscribe()

    async def lease(self, escalation_id: str, work: Work = Work.POSTING) -> PostingLease:
        """See `PostingLog.lease`."""
        entry, token, now = self.entry(escalation_id), uuid4().hex, self._clock()
        if entry is None:
            return PostingLease(LeaseVerdict.NOT_NEEDED, None, token, 0)
        if work is Work.POSTING and escalation_id not in self.unposted:
            return PostingLease(LeaseVerdict.NOT_NEEDED, entry.escalation, token, 0)
        if entry.lease and entry.lease[1] > now:
            return PostingLease(LeaseVerdict.HELD, None, token, 0)
        entry.lease = (token, now + self._lease)
        entry.attempts[work] += 1
        return PostingLease(LeaseVerdict.GRANTED, entry.escalation, token, entry.attempts[work])

    async def renew(self, lease: PostingLease) -> bool:
        """See `PostingLog.renew`."""
        entry = self._leased(lease)
        if entry is None:
            return False
        entry.lease = (lease.token, self._clock() + self._lease)
        return True

    async def release(self, lease: PostingLease) -> None:
        """See `PostingLog.release`."""
        entry = self._leased(lease)
        if entry is not None:
            entry.lease = None

    async def note_posting(
        self, escalation_id: str, posting: Posting, *, complete: bool, shown_before: bool = False
    ) -> State:
        """See `PostingLog.note_posting`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return State.CANCELLED
        update: dict[str, object] = {"posting": posting}
        if complete:
            self.unposted.discard(escalation_id)
            if entry.escalation.state is State.QUEUED:
                update["state"] = State.POSTED
        entry.escalation = entry.escalation.model_copy(update=update)
        self._by_reference[posting.bot, posting.reference] = escalation_id
        if complete and shown_before:
            self.unread.add(escalation_id)
        self.changes.tell(escalation_id)
        return entry.escalation.state

    async def note_manner(self, escalation_id: str, manner: Manner, since: datetime | None) -> None:
        """See `PostingLog.note_manner`."""
        entry = self.entry(escalation_id)
        if entry is None:
            return
        known = entry.escalation.shown.since
        if since is None or known is None or since >= known:
            shown = MannerShown(manner=manner, since=since or known)
            entry.escalation = entry.escalation.model_copy(update={"shown": shown})

    async def find(self, bot: str, posting_reference: str) -> str | None:
        """See `PostingLog.find`."""
        return self._by_reference.get((bot, posting_reference))

    def entry(self, escalation_id: str) -> Entry | None:
        """Find what is kept of a question."""
        entry = self._entries.get(escalation_id)
        if entry is not None and entry.escalation.kept_until <= self._clock():
            return None
        return entry

    def _now(self) -> datetime:
        """Tell the time in whole milliseconds, as it is kept."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _kept(self) -> list[Escalation]:
        now = self._clock()
        return [
            entry.escalation
            for entry in self._entries.values()
            if entry.escalation.kept_until > now
        ]

    def _leased(self, lease: PostingLease) -> Entry | None:
        entry = self.entry(lease.escalation.id) if lease.escalation else None
        if entry is None or entry.lease is None:
            return None
        token, until = entry.lease
        return entry if token == lease.token and until > self._clock() else None
