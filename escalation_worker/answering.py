"""The use-case: somebody wrote where a question is shown, and it may be the answer.

One reply is accepted, by whoever is allowed and first; the script decides, so two listeners that
hear the same message do no harm. Everything else is refused and the refusal is told. What was heard
by a listener that another has relieved is left to that other one, without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from escalation_worker.attaching import Attaching, may_count
from escalation_worker.operators import WhoMayAct, find_allowed, note_accepted, person_of
from escalation_worker.remembering import answer_in_words
from escalation_worker.unreadable import passing_over_unreadable
from shared.answer_form import Answer
from shared.attachment import Attachment
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import ChannelKind, Escalation, Outcome, Provenance, State
from shared.ports.escalations import EscalationStore
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.question import QUESTION_LIMIT, Question
from shared.telemetry import get_logger
from shared.texts import legible, one_line

log = get_logger(__name__)

GraceOf = Callable[[Question], timedelta]
"""Tells how long whoever answered a question in a message may edit it."""


def no_grace(_: Question) -> timedelta:
    """Let no answer be corrected."""
    return timedelta(0)


@dataclass(frozen=True, slots=True)
class FilledIn:
    """What became of a form: a verdict, and what is wrong, by field."""

    verdict: ReplyVerdict
    problems: Mapping[str, str] = field(default_factory=dict[str, str])


class Answering:
    """Turns replies into outcomes.

    Each method raises `StoreUnavailableError` where it is not known to be decided: the same reply
    can be tried again.
    """

    def __init__(
        self,
        store: EscalationStore,
        operators: WhoMayAct,
        attaching: Attaching | None = None,
        *,
        grace_of: GraceOf = no_grace,
    ) -> None:
        self._store = store
        self._operators = operators
        self._attaching = attaching
        self._grace_of = grace_of

    async def answer(self, reply: InboundReply) -> ReplyVerdict:
        """Take a text for the answer, with its files, if it may be one; or files without a text."""
        text = reply.text.strip()
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        fits = None
        if text or not reply.files:
            if not text or len(text) > QUESTION_LIMIT:
                return ReplyVerdict.UNREADABLE
            fits = fitting(escalation.question, text)
        if fits is None and (text or not _takes_any_text(escalation.question)):
            return ReplyVerdict.WRONG_SHAPE
        files = await self._attaching.attach(reply, escalation) if self._attaching else ()
        if fits is None and not files and may_count(escalation):
            return ReplyVerdict.FILES_REFUSED
        verdict = await self._conclude(
            reply,
            escalation,
            State.ANSWERED,
            text=fits,
            attachments=files,
            correctable_until=self._correctable_until(reply, escalation.question),
        )
        if verdict is ReplyVerdict.TOO_LATE and self._attaching is not None:
            await self._attaching.forget(reply)
        return verdict

    async def fill_in(self, reply: InboundReply, written: Mapping[str, str]) -> FilledIn:
        """Take a filled-in form for the answer, or say what is wrong with it."""
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return FilledIn(escalation)
        form = escalation.question.form
        if form is None:
            return FilledIn(ReplyVerdict.WRONG_SHAPE)
        read = form.read(written)
        if read.problems:
            return FilledIn(ReplyVerdict.UNREADABLE, read.problems)
        text = "\n".join(f"{form.label(name)}: {value}" for name, value in read.values.items())
        return FilledIn(
            await self._conclude(reply, escalation, State.ANSWERED, text=text, values=read.values)
        )

    async def decline(self, reply: InboundReply) -> ReplyVerdict:
        """Take a reply for the word that nobody will answer; its text is the reason."""
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        if escalation.question.approvals_needed is not None:
            return ReplyVerdict.WRONG_SHAPE  # to deny it is what there is
        reason = reply.text.strip() or None
        return await self._conclude(reply, escalation, State.DECLINED, reason=reason)

    async def recall(self, reply: InboundReply, number: int) -> str | ReplyVerdict:
        """Give the whole of an earlier answer (1 is the first that is shown), or say why not.

        It answers nothing yet: the person changes it or not, and sends it as any other.
        """
        escalation = await find_allowed(self._store, self._operators, reply)
        if isinstance(escalation, ReplyVerdict):
            return escalation
        shown = escalation.precedents or ()
        # Only what the question shows can be had: whoever may answer it may see that.
        if not 1 <= number <= len(shown):
            return ReplyVerdict.FORGOTTEN
        answer, known_id = None, shown[number - 1].id
        with passing_over_unreadable(known_id):
            known = await self._store.get(known_id)
            answer = None if known is None else answer_in_words(known)
        return ReplyVerdict.FORGOTTEN if answer is None else legible(answer)

    def _correctable_until(self, reply: InboundReply, question: Question) -> datetime | None:
        grace = self._grace_of(question) if reply.editable else timedelta(0)
        return reply.at + grace if grace else None

    async def _conclude(
        self,
        reply: InboundReply,
        escalation: Escalation,
        state: State,
        *,
        text: str | None = None,
        values: dict[str, Answer] | None = None,
        attachments: tuple[Attachment, ...] = (),
        reason: str | None = None,
        correctable_until: datetime | None = None,
    ) -> ReplyVerdict:
        outcome = outcome_of(reply, escalation, state).model_copy(
            update={
                "text": text,
                "values": values,
                "attachments": attachments,
                "reason": reason,
                "correctable_until": correctable_until,
            }
        )
        crash_point(CrashPoint.REPLY_HEARD)
        concluded = await self._store.conclude(escalation.id, outcome, reply.hold)
        crash_point(CrashPoint.REPLY_ACCEPTED)
        if concluded is None:
            return ReplyVerdict.UNKNOWN
        if concluded.fenced:
            return left_to_the_next_listener(reply)
        if concluded.applied:
            note_accepted(reply, state, seconds=round(outcome.seconds, 3))
            return ReplyVerdict.ACCEPTED
        return await self._after_the_end(concluded.escalation, outcome, reply)

    async def _after_the_end(
        self, escalation: Escalation, late: Outcome, reply: InboundReply
    ) -> ReplyVerdict:
        """Tell what a reply means that comes after the outcome."""
        if escalation.outcome is not None and escalation.outcome.source == late.source:
            return ReplyVerdict.REPEATED
        match escalation.state:
            case State.TIMED_OUT if late.state is State.ANSWERED:
                kept = await self._store.keep_late_answer(escalation.id, late, reply.hold)
                if kept is None:
                    return ReplyVerdict.UNKNOWN
                if kept.fenced:
                    return left_to_the_next_listener(reply)
                ours = kept.escalation.late_answer
                if ours is not None and ours.source == late.source:
                    log.info("late_answer_kept", escalation_id=escalation.id)
                    return ReplyVerdict.KEPT_LATE
                return ReplyVerdict.TOO_LATE
            case (
                State.TIMED_OUT
                | State.ANSWERED
                | State.DECLINED
                | State.CANCELLED
                | State.UNDELIVERABLE
            ):
                return ReplyVerdict.TOO_LATE
            case State.QUEUED | State.POSTED | State.CLAIMED | State.NEEDS_INFO:
                raise AssertionError("an open question refused its outcome")
            case _:
                assert_never(escalation.state)


def outcome_of(reply: InboundReply, escalation: Escalation, state: State) -> Outcome:
    """Begin the outcome that a person's act gives a question."""
    return Outcome(
        state=state,
        at=reply.at,
        seconds=max(0.0, (reply.at - escalation.created_at).total_seconds()),
        provenance=Provenance.PERSON,
        by=person_of(reply),
        channel=ChannelKind(reply.channel),
        source=reply.source,
        joined=reply.joined,
    )


def left_to_the_next_listener(reply: InboundReply) -> ReplyVerdict:
    """Drop what another listener hears or finds as well."""
    log.info("reply_left_to_next_listener", escalation_id=reply.escalation_id, source=reply.source)
    return ReplyVerdict.FENCED


def _takes_any_text(question: Question) -> bool:
    """Whether people answer in words of their own; then files without a word will do, too."""
    shaped = question.form is not None or question.approvals_needed is not None
    return not shaped and not question.options_only


def fitting(question: Question, text: str) -> str | None:
    """Read a text as the answer; None where this question wants no text, or not this one."""
    if _takes_any_text(question):
        return text
    if not question.options_only:
        return None
    if text in question.options:
        return text  # also by its button: another one may differ in case, or in what nobody sees
    seen = one_line(text).casefold()  # what people see of an option is all that they can write
    return next((each for each in question.options if one_line(each).casefold() == seen), None)
