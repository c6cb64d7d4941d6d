"""How an outcome reads in Discord, on one line."""

from __future__ import annotations

from typing import Final, assert_never

from escalation_worker.discord_channel.showing.texts import brief
from shared.escalation import ChannelKind, Escalation, Outcome, Provenance, State
from shared.texts import cut, is_blank

REASON_ROOM: Final = 300
"""Of a reason, before it is escaped. Discord is not where a decline's reason is kept."""
NAME_ROOM: Final = 64
"""Of an agent's or a person's name, before it is escaped."""
CORRECTION_KEPT: Final = (
    "✏️ The agent had read this answer before it was edited. It is told the correction."
)
NAMES_ROOM: Final = 300
"""Of the names of those who approved, escaped."""
FILE_ROOM: Final = 40
"""Of one file's name, before it is escaped."""
FILES_ROOM: Final = 100
"""Of the names of an answer's files, escaped. Their message shows all of them."""


def outcome_line(escalation: Escalation) -> str:
    """Say in one line how it ended. No two outcomes read alike."""
    outcome = escalation.outcome
    who = _who(outcome)
    after = _duration(outcome.seconds) if outcome else ""
    reason = brief(outcome.reason or "", REASON_ROOM) if outcome else ""
    because = f": {reason}" if reason else ""
    match escalation.state:
        case State.ANSWERED if outcome is not None and outcome.approved is not None:
            said = brief(outcome.text or "", REASON_ROOM)
            comment = f": {said}" if said else ""
            if not outcome.approved:
                return f"⛔ Denied by {who} after {after}{comment}"
            names = " and ".join(brief(each.by.name, NAME_ROOM) for each in escalation.votes)
            return f"✅ Approved by {cut(names, NAMES_ROOM)} after {after}{comment}"
        case State.ANSWERED:
            where = f" (in the {outcome.channel})" if outcome and outcome.channel else ""
            with_files = f"✅ Answered by {who} after {after}{where}{_files(outcome)}"
            return with_files + _said(escalation)
        case State.DECLINED:
            return f"🚫 Declined by {who} after {after}{because}"
        case State.TIMED_OUT:
            late = escalation.late_answer
            instead = _instead(outcome)
            kept = f"; late answer by {_who(late)}{_files(late)} kept" if late and late.by else ""
            return f"⌛ Nobody answered in time ({after}){instead}{kept}"
        case State.CANCELLED:
            # Without the agent's own word it was the route's: nobody waited for the answer.
            by_route = outcome is not None and outcome.provenance is Provenance.SYSTEM
            return f"✖️ Cancelled{'' if by_route else ' by the agent'}{because}"
        case State.UNDELIVERABLE:
            return f"⚠️ Could not be delivered{because}"
        case State.QUEUED | State.POSTED | State.CLAIMED | State.NEEDS_INFO:
            return "Open"
        case _:
            assert_never(escalation.state)


def may_be_corrected(escalation: Escalation) -> bool:
    """Whether whoever answered may still edit it, or has and nobody has heard of it yet."""
    outcome = escalation.outcome
    return bool(outcome and outcome.correctable_until) and not escalation.grace_over


def _said(escalation: Escalation) -> str:
    """Quote an answer where it stands nowhere else, or reads otherwise than at first."""
    outcome, late = escalation.outcome, escalation.late_answer
    if outcome is None:
        return ""
    if late is not None:
        first, then = (brief(each.text or "", REASON_ROOM // 2) for each in (outcome, late))
        return f"{f': {first}' if first else ''}. Corrected afterwards: {then}"
    if is_blank(outcome.text or ""):
        return ""
    said = brief(outcome.text or "", REASON_ROOM)
    if outcome.corrected_at is not None:
        return f" (corrected): {said}"
    # What was written stands in the thread; what was clicked does not.
    return f": {said}" if answering_message(outcome) is None else ""


def answering_message(outcome: Outcome) -> int | None:
    """Find the message in Discord that is the answer, if one is."""
    written = outcome.state is State.ANSWERED and outcome.channel is ChannelKind.DISCORD
    if written and outcome.source and outcome.source.isdigit():
        return int(outcome.source)
    return None


def _instead(outcome: Outcome | None) -> str:
    """Tell what the route has prepared for silence, which is no person's word."""
    if outcome is None or outcome.provenance is not Provenance.FALLBACK:
        return ""
    if outcome.approved is False:
        return ". Silence counts as a no here"
    return "; the prepared answer was given: " + brief(outcome.text or "", REASON_ROOM)


def _files(answer: Outcome | None) -> str:
    """Name the files that were passed on with an answer."""
    names = [brief(each.name, FILE_ROOM) for each in answer.attachments] if answer else []
    if not names:
        return ""
    first, *rest = names
    while rest and len(", ".join([first, *rest])) > FILES_ROOM - len(" and 99 more"):
        rest.pop()
    left = len(names) - 1 - len(rest)
    return f", with {', '.join([first, *rest])}" + (f" and {left} more" if left else "")


def _who(outcome: Outcome | None) -> str:
    return (brief(outcome.by.name, NAME_ROOM) if outcome and outcome.by else "") or "somebody"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 (a minute)
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
