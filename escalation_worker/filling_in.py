"""The use-case: a form that is filled in page by page, and opened again with what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from escalation_worker.answering import Answering, left_to_the_next_listener
from escalation_worker.operators import WhoMayAct, find_allowed
from shared.crash_points import CrashPoint, crash_point
from shared.errors import StoreUnavailableError
from shared.ports.escalations import EscalationStore
from shared.ports.form_drafts import FormDrafts
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.telemetry import get_logger

log = get_logger(__name__)

Pages = Sequence[Sequence[str]]
"""The names of a form's fields, page by page."""

_DONE_WITH: Final = frozenset(
    {
        ReplyVerdict.ACCEPTED,
        ReplyVerdict.REPEATED,
        ReplyVerdict.KEPT_LATE,
        ReplyVerdict.TOO_LATE,
    }
)
"""After these nobody wants to see the form again with what was written."""


@dataclass(frozen=True, slots=True)
class PageTaken:
    """What became of a page: a verdict, what is wrong by field, and where to go on."""

    verdict: ReplyVerdict
    problems: Mapping[str, str] = field(default_factory=dict[str, str])
    missing: int | None = None
    """The first page that is not kept, while one is not."""


class FillingIn:
    """Keeps each page as it comes; the one that completes the form is the answer.

    Each method raises `StoreUnavailableError` where it is not known to be done: the same page can
    be sent again.
    """

    def __init__(
        self,
        store: EscalationStore,
        operators: WhoMayAct,
        answering: Answering,
        drafts: FormDrafts,
    ) -> None:
        self._store = store
        self._operators = operators
        self._answering = answering
        self._drafts = drafts

    async def begin(self, reply: InboundReply) -> Mapping[str, str] | ReplyVerdict:
        """Return what this person has written so far, or tell why they may not fill it in."""
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        if escalation.question.form is None:
            return ReplyVerdict.WRONG_SHAPE
        if not escalation.state.is_open:
            return ReplyVerdict.TOO_LATE
        return await self._drafts.read(escalation.id, reply.person_id)

    async def take(
        self, reply: InboundReply, pages: Pages, page: int, written: Mapping[str, str]
    ) -> PageTaken:
        """Take one page; once all are there, take the form for the answer.

        A page may come in any order, and again. Of `written` only this page's own fields count.
        """
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return PageTaken(escalation)
        if escalation.question.form is None or page >= len(pages):
            return PageTaken(ReplyVerdict.WRONG_SHAPE)
        # An empty field too: that it is there tells that its page was filled in.
        fields = {name: written.get(name, "") for name in pages[page]}
        drafted = await self._drafts.keep(escalation.id, reply.person_id, fields, reply.hold)
        if drafted.fenced:
            return PageTaken(left_to_the_next_listener(reply))
        crash_point(CrashPoint.PAGE_KEPT)
        # After the end nothing is kept any more, but what was kept may complete a late answer.
        whole = {**drafted.written, **fields}
        missing = next((n for n, names in enumerate(pages) if not whole.keys() >= set(names)), None)
        if missing is not None:
            if escalation.state.is_open and drafted.written.keys() >= fields.keys():
                return PageTaken(ReplyVerdict.PAGE_KEPT, missing=missing)
            return PageTaken(await self._after_the_end(reply))
        filled = await self._answering.fill_in(reply, whole)
        if filled.verdict in _DONE_WITH:
            await self._forget(reply)
        return PageTaken(filled.verdict, filled.problems)

    async def _after_the_end(self, reply: InboundReply) -> ReplyVerdict:
        """Tell what a page means that is not kept any more, and completes nothing."""
        ended = await self._store.get(reply.escalation_id)
        if ended is None:
            return ReplyVerdict.UNKNOWN
        # Two listeners may hear one page, and one of them drops the draft with which it was taken.
        taken = {each.source for each in (ended.outcome, ended.late_answer) if each is not None}
        return ReplyVerdict.REPEATED if reply.source in taken else ReplyVerdict.TOO_LATE

    async def _forget(self, reply: InboundReply) -> None:
        try:
            await self._drafts.forget(reply.escalation_id, reply.person_id)
        except StoreUnavailableError:
            # The form was taken, which is what the person must hear; the rest expires by itself.
            log.info("draft_left_to_expire", escalation_id=reply.escalation_id)
