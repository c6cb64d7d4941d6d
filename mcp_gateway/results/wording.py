"""What the model reads for each way in which a question can stand."""

from __future__ import annotations

from typing import Final, assert_never

from shared.escalation import Author, Escalation, Outcome, State

_FILES: Final = " Files came with it: their links work for about a day."


def wording(escalation: Escalation) -> tuple[str, str]:
    """Say how it stands, and what to do next. No two outcomes read alike."""
    outcome, reason = escalation.outcome, ""
    if outcome is not None and outcome.reason:
        reason = f" Reason: {outcome.reason}"
    match escalation.state:
        case State.QUEUED | State.POSTED | State.CLAIMED:
            again = f"call check_answer with escalation_id={escalation.id}"
            return (
                f"Still waiting: no person has answered yet. Go on talking, then {again}.",
                f"Go on with the conversation, then {again} to go on waiting.",
            )
        case State.NEEDS_INFO:
            reply = (
                "Ask the customer if you don't know it. Then call send_to_operator with "
                f"escalation_id={escalation.id} and your reply; it waits for the answer again."
            )
            # How to reply stands in the text, too: many clients pass nothing else to their model.
            wanted = asked_back(escalation) or ""
            return f"Before answering, a person wants to know: {wanted}\n\n{reply}", reply
        case State.ANSWERED:
            return _answered(escalation, outcome) if outcome else ("", "Pass the answer on.")
        case State.DECLINED:
            return (
                f"A person saw the question and declined to answer it.{reason}",
                "Tell the customer that the team could not decide this. Don't decide it yourself.",
            )
        case State.TIMED_OUT:
            return _timed_out(outcome, escalation.late_answer)
        case State.CANCELLED:
            return (
                f"The question was cancelled before anyone answered.{reason}",
                "Nothing: the answer was no longer wanted. Ask anew if it is wanted again.",
            )
        case State.UNDELIVERABLE:
            return (
                f"The question could not be shown to anybody.{reason}",
                "Tell the customer that the team can't be reached now. Don't decide it yourself.",
            )
        case _:
            assert_never(escalation.state)


def _answered(escalation: Escalation, outcome: Outcome) -> tuple[str, str]:
    text, correction = outcome.text or "", escalation.late_answer
    if correction is not None:
        return _corrected(outcome, correction)
    if outcome.approved is None:
        files = _FILES if outcome.attachments else ""
        return _words_of(outcome), f"Pass the answer on.{_may_be_corrected(escalation)}{files}"
    comment = f" They say: {text}" if text else ""
    if outcome.approved:
        return f"Approved.{comment}", "Go ahead with what was approved, and nothing more."
    return (
        f"Denied.{comment}",
        "Don't do it. Tell the customer that the team decided against it.",
    )


def _may_be_corrected(escalation: Escalation) -> str:
    """Say so in words that are true by any clock: an edit may become known long after its time."""
    if (until := escalation.correctable_until) is None:
        return ""
    moment = until.isoformat(timespec="seconds")
    return f" An edit of it made by {moment} corrects it: check_answer tells whether there is one."


def _corrected(answer: Outcome, correction: Outcome) -> tuple[str, str]:
    now, before = correction.text or "", _words_of(answer)
    task = (
        "Tell the customer the corrected answer, and that it was corrected if they know the first."
    )
    return (
        f"A person has corrected their answer. It is now: {now}\nBefore, it was: {before}",
        task + (_FILES if answer.attachments else ""),
    )


def _timed_out(outcome: Outcome | None, late: Outcome | None) -> tuple[str, str]:
    if late is not None and (late.text or late.attachments):
        files = _FILES if late.attachments else ""
        return (
            f"Nobody answered in time. After the deadline a person answered: {_words_of(late)}",
            f"If the conversation is still open, pass the late answer on as one.{files}",
        )
    if outcome is not None and outcome.approved is False:
        return (
            "Nobody decided in time, which counts as a no here. No person denied it.",
            "Don't do it. Tell the customer that nobody could be reached to allow it.",
        )
    if outcome is not None and outcome.text:
        return (
            f"Nobody answered in time. The answer prepared for this, no person's: {outcome.text}",
            "Do as the prepared answer says. Don't call it a person's answer.",
        )
    return (
        "Nobody answered in time. This is not a yes and not a no.",
        "Tell the customer that nobody could be reached. Don't decide it yourself.",
    )


def _words_of(answer: Outcome) -> str:
    """Give the answer itself, or where it is files alone, their names."""
    if answer.text or not answer.attachments:
        return answer.text or ""
    return f"See the attached files: {', '.join(each.name for each in answer.attachments)}"


def asked_back(escalation: Escalation) -> str | None:
    """Find what people want to know now."""
    if escalation.state is not State.NEEDS_INFO:
        return None
    authors = [each.author for each in escalation.remarks]
    told = len(authors) - authors[::-1].index(Author.AGENT) if Author.AGENT in authors else 0
    return "\n".join(each.text for each in escalation.remarks[told:]) or None
