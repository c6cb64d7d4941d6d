"""What a policy knows of a question, read from its record."""

from __future__ import annotations

from collections.abc import Iterator

from shared.escalation import Author, Escalation, State
from shared.routes.steps import Claim, Facts, Pause


def facts_of(escalation: Escalation) -> Facts:
    """Read the facts. Pauses and activity are not kept: they follow from what was said."""
    shown = escalation.posting is not None and escalation.state is not State.QUEUED
    return Facts(
        deadline=escalation.deadline,
        # The policy asks only whether; the first tier's waits run from its notification.
        posted_at=escalation.created_at if shown else None,
        tier=escalation.progress.tier,
        claim=_claim(escalation),
        pauses=tuple(_pauses(escalation)),
        ended=not escalation.state.is_open,
    )


def _claim(escalation: Escalation) -> Claim | None:
    """Tell who is on it, and when they last did something: claimed it, asked back, or wrote.

    Whoever has voted is on it no longer: they can't vote again, and were the question still theirs,
    the others whose votes are wanted would neither be reminded nor called.
    """
    claim = escalation.claim
    if claim is None or any(each.by.id == claim.by.id for each in escalation.votes):
        return None
    acts = [each.at for each in escalation.remarks if each.by and each.by.id == claim.by.id]
    if escalation.claim_kept_at is not None:
        acts.append(escalation.claim_kept_at)
    return Claim(by=claim.by, at=claim.at, active_at=max((claim.at, *acts)))


def _pauses(escalation: Escalation) -> Iterator[Pause]:
    """List the times in which it was the agent's turn: from a question back to the next reply.

    Whoever has gone will not reply, so that from there on it is people's turn again. If they come
    back, it is the agent's as if they had never been away: what was done meanwhile is done.
    """
    start = None
    for remark in escalation.remarks:
        if remark.author is Author.OPERATOR:
            start = start or remark.at
        elif start is not None:
            yield Pause(start, remark.at)
            start = None
    if start is not None:
        gone = escalation.caller_gone_at
        yield Pause(start, gone and max(start, gone))
