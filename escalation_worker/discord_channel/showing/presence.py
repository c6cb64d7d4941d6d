"""Whether anybody waits for the answer, as people see it: in the message, and in its thread."""

from __future__ import annotations

from typing import Final

import discord

from escalation_worker.discord_channel.places import NOBODY, say, starter_of, words_said
from escalation_worker.discord_channel.showing.marks import caller_nonce
from shared.escalation import Escalation, Posting, State

GONE: Final = "The customer has gone. The answer is still wanted."
BACK: Final = "The customer is back."
TOLD_LIMIT: Final = 10
"""After so many goings only the message says it: nobody's thread is to be filled with them."""
_HEARD_LATER: Final = frozenset({State.ANSWERED, State.DECLINED, State.TIMED_OUT})


def kept_until_back(escalation: Escalation) -> bool:
    """Whether a question has ended while its customer was gone, who does not know it yet."""
    left = escalation.caller_gone_at is not None and not escalation.is_delivered
    return left and escalation.state in _HEARD_LATER


async def tell_of_caller(client: discord.Client, escalation: Escalation, posting: Posting) -> None:
    """Say to people that the customer has gone, or is back: each once, while it matters."""
    number = escalation.departures
    if not escalation.state.is_open or not 0 < number <= TOLD_LIMIT:
        return
    is_gone = escalation.caller_gone_at is not None
    where = client.get_partial_messageable(
        int(posting.reference if posting.threaded else posting.place)
    )
    starter = starter_of(client, posting)
    beside = None if posting.threaded else starter
    already = await words_said(
        client, where, since=starter.created_at, beside=None if beside is None else starter.id
    )
    gone, back = _numbered(f"🚪 {GONE}", number), _numbered(f"👋 {BACK}", number)
    words = gone if is_gone else back
    # Who was back before anybody was told that they had gone was never away.
    if words in already or (not is_gone and gone not in already):
        return
    await say(
        where,
        words,
        nonce=caller_nonce(escalation, gone=is_gone),
        allowed_mentions=NOBODY,
        beside=beside,
    )


def _numbered(words: str, number: int) -> str:
    """Tell the second time from the first, so that the same words said again are said once each."""
    return words if number == 1 else f"{words} ({number})"
