"""The use-cases before an answer: ask the agent back, say who is on it, approve or deny."""

from __future__ import annotations

from escalation_worker.answering import left_to_the_next_listener, outcome_of
from escalation_worker.manners import MannerOf, usual
from escalation_worker.operators import (
    Chosen,
    WhoMayAct,
    find_allowed,
    may_be_given,
    note_accepted,
    person_of,
)
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import (
    REASON_LIMIT,
    REMARKS_LIMIT,
    Author,
    Claim,
    Escalation,
    Remark,
    State,
    Vote,
)
from shared.ports.discussion import Discussion
from shared.ports.escalations import Concluded, EscalationStore
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.question import QUESTION_LIMIT
from shared.texts import folded, is_blank


class Discussing:
    """What operators do with a question that they don't answer yet.

    Each method raises `StoreUnavailableError` where it is not known to be done: the same act can be
    tried again.
    """

    def __init__(
        self,
        store: EscalationStore,
        discussion: Discussion,
        operators: WhoMayAct,
        manner_of: MannerOf = usual,
    ) -> None:
        self._store = store
        self._discussion = discussion
        self._operators = operators
        self._manner_of = manner_of

    async def ask_back(self, reply: InboundReply) -> ReplyVerdict:
        """Ask the agent something before answering."""
        text = reply.text.strip()
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        if not text or len(text) > QUESTION_LIMIT:
            return ReplyVerdict.UNREADABLE
        remark = Remark(
            author=Author.OPERATOR,
            text=text,
            at=reply.at,
            by=person_of(reply),
            source=reply.source,
        )
        crash_point(CrashPoint.REMARK_HEARD)
        noted = await self._discussion.remark(reply.escalation_id, remark, reply.hold)
        crash_point(CrashPoint.REMARK_NOTED)
        if noted is not None and not noted.applied and noted.escalation.state.is_open:
            if any(each.source == reply.source for each in noted.escalation.remarks):
                return ReplyVerdict.REPEATED
            if len(noted.escalation.remarks) >= REMARKS_LIMIT:
                return ReplyVerdict.ENOUGH_SAID
        return self._verdict(reply, noted, ReplyVerdict.ASKED_BACK)

    async def claim(self, reply: InboundReply, *, take_over: bool = False) -> ReplyVerdict:
        """Say that this person is on it."""
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        claim = Claim(by=person_of(reply), at=reply.at, source=_heard_as(reply))
        noted = await self._discussion.claim(
            reply.escalation_id, claim, reply.hold, take_over=take_over
        )
        if (open_still := _changed_nothing(noted)) is not None:
            await self.heard_of(reply)
            return _held_by(open_still, reply)
        return self._verdict(reply, noted, ReplyVerdict.CLAIMED)

    async def heard_of(self, reply: InboundReply) -> None:
        """Keep a claim from going silent whose holder wrote, or says again that they are on it."""
        await self._discussion.keep_claim(
            reply.escalation_id, reply.person_id, reply.at, reply.hold
        )

    async def release(self, reply: InboundReply) -> ReplyVerdict:
        """Say that this person is no longer on it."""
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        noted = await self._discussion.release(
            reply.escalation_id, reply.person_id, reply.hold, source=_heard_as(reply)
        )
        if (open_still := _changed_nothing(noted)) is not None:
            return _held_by(open_still, reply)
        return self._verdict(reply, noted, ReplyVerdict.RELEASED)

    def may_reassign(self, escalation: Escalation, reply: InboundReply) -> ReplyVerdict | None:
        """Tell why this person may not give the question to anybody; None if they may."""
        if not self._operators.of(escalation.question).allow(reply):
            return ReplyVerdict.NOT_ALLOWED
        return None if escalation.state.is_open else ReplyVerdict.TOO_LATE

    async def reassign(self, reply: InboundReply, chosen: Chosen | None) -> ReplyVerdict:
        """Give the question to somebody who may answer, whoever is on it; they are told.

        `chosen`: None for what is no person, who can't answer.
        """
        if chosen is not None and chosen.person.id == reply.person_id:
            return await self.claim(reply, take_over=True)
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        operators = self._operators.of(escalation.question)
        if chosen is None or not may_be_given(operators, chosen, reply):
            return ReplyVerdict.CANNOT_TAKE_IT
        claim = Claim(
            by=chosen.person, at=reply.at, assigned_by=person_of(reply), source=_heard_as(reply)
        )
        noted = await self._discussion.claim(escalation.id, claim, reply.hold, take_over=True)
        crash_point(CrashPoint.ASSIGNMENT_NOTED)
        if (open_still := _changed_nothing(noted)) is not None:
            held = open_still.claim
            theirs = held is not None and held.by.id == chosen.person.id
            repeated = not theirs or (held is not None and held.source == _heard_as(reply))
            return ReplyVerdict.REPEATED if repeated else ReplyVerdict.ON_IT_ALREADY
        return self._verdict(reply, noted, ReplyVerdict.REASSIGNED)

    async def vote(self, reply: InboundReply, *, approve: bool) -> ReplyVerdict:
        """Approve what the agent wants to do, or deny it; the reply's text is the comment."""
        comment = "" if is_blank(reply.text) else reply.text.strip()
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        if len(comment) > REASON_LIMIT:
            return ReplyVerdict.UNREADABLE
        needed = escalation.question.approvals_needed
        if needed is None:
            return ReplyVerdict.WRONG_SHAPE
        if folded(escalation.agent) in {folded(reply.person_id), folded(reply.person_name)}:
            return ReplyVerdict.NOT_ALLOWED  # nobody approves what they ask for themselves
        wants_reason = self._manner_of(escalation.question).wants_reasons
        if wants_reason and not comment and escalation.state.is_open:
            return ReplyVerdict.REASON_NEEDED
        vote = Vote(
            approve=approve,
            by=person_of(reply),
            at=reply.at,
            comment=comment or None,
            source=reply.source,
        )
        outcome = outcome_of(reply, escalation, State.ANSWERED).model_copy(
            update={"text": comment or None, "approved": approve}
        )
        crash_point(CrashPoint.VOTE_HEARD)
        noted = await self._discussion.vote(escalation.id, vote, outcome, reply.hold, needed=needed)
        crash_point(CrashPoint.VOTE_NOTED)
        if noted is not None and not noted.applied:
            mine = [each for each in noted.escalation.votes if each.by.id == reply.person_id]
            if any(each.source == reply.source for each in mine):
                return ReplyVerdict.REPEATED
            if mine and noted.escalation.state.is_open:
                return ReplyVerdict.VOTED_ALREADY
        return self._verdict(reply, noted, ReplyVerdict.VOTED)

    def _verdict(
        self, reply: InboundReply, noted: Concluded | None, done: ReplyVerdict
    ) -> ReplyVerdict:
        """Tell what became of an act for which there is no better word."""
        if noted is None:
            return ReplyVerdict.UNKNOWN
        if noted.fenced:
            return left_to_the_next_listener(reply)
        if not noted.applied:
            return ReplyVerdict.TOO_LATE
        note_accepted(reply, done, state=noted.escalation.state)
        return done


def _heard_as(reply: InboundReply) -> str:
    """Name what several listeners may hear, one of them late. A desk's request is read once.

    There, the same person who presses a button again means it again.
    """
    return reply.source if reply.hold is not None else ""


def _changed_nothing(noted: Concluded | None) -> Escalation | None:
    """Give the open question about which a claim or a release changed nothing."""
    if noted is None or noted.applied or noted.fenced or not noted.escalation.state.is_open:
        return None
    return noted.escalation


def _held_by(escalation: Escalation, reply: InboundReply) -> ReplyVerdict:
    """Tell why a claim or a release changed nothing about an open question."""
    held = escalation.claim
    if held is None or held.by.id == reply.person_id:
        return ReplyVerdict.REPEATED
    return ReplyVerdict.CLAIMED_ALREADY


def counted_in_words(escalation: Escalation) -> str:
    """Tell whose word was counted how an approval stands now."""
    if not escalation.state.is_open:
        return "Your word counts. It is decided."
    approvals = sum(each.approve for each in escalation.votes)
    needed = escalation.question.approvals_needed
    return f"Your word counts. {approvals} of {needed} approvals so far."
