from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.make import an_outcome

from escalation_worker.discord_channel import rendering
from shared.escalation import Escalation, Question, State, Urgency, new_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)

texts = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"),
    min_size=1,
    max_size=4000,
).filter(str.strip)


def an_escalation(state: State = State.POSTED, **question: object) -> Escalation:
    """Make a question as it stands."""
    return Escalation(
        id=new_id(),
        agent="shop",
        question=Question.model_validate({"text": "May I?", **question}),
        state=state,
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
        kept_until=NOW + timedelta(days=1),
    )


@given(text=texts, context=st.none() | texts)
def test_an_embed_never_exceeds_discords_limits_and_loses_no_character(
    text: str, context: str | None
) -> None:
    escalation = an_escalation(text=text, context=context)
    embed = rendering.embed(escalation)
    assert len(embed) <= 6000
    assert len(embed.description or "") <= 4096
    assert all(1 <= len(field.value or "") <= 1024 for field in embed.fields)
    messages = list(rendering.overflow(escalation))
    assert all(len(message) <= 2000 for message in messages)
    assert 1 <= len(rendering.thread_name(escalation)) <= 100


@given(text=st.text(min_size=0, max_size=300), room=st.integers(min_value=2, max_value=50))
def test_a_cut_text_keeps_all_but_white_space(text: str, room: int) -> None:
    pieces: list[str] = []
    rest = text
    while rest:
        piece, shorter = rendering.split_at(rest, room)
        assert len(piece) <= room
        assert len(shorter) < len(rest)
        pieces.append(piece)
        rest = shorter
    squeezed = "".join("".join(pieces).split())
    assert squeezed == "".join(text.split())


@pytest.mark.parametrize(
    "text", ["@everyone", "@here", "<@123456789012345678>", "<@&123456789012345678>"]
)
def test_mentions_in_a_customers_words_lose_their_power(text: str) -> None:
    assert text not in (rendering.embed(an_escalation(text=text)).description or "")


def test_mark_up_in_a_customers_words_is_shown_not_obeyed() -> None:
    embed = rendering.embed(an_escalation(text="**bold** `code` ||spoiler||"))
    assert embed.description == r"\*\*bold\*\* \`code\` \|\|spoiler\|\|"


def test_no_two_outcomes_read_alike() -> None:
    lines: set[str] = set()
    finals = [state for state in State if not state.is_open]
    for state in finals:
        ended = an_escalation(state)
        outcome = an_outcome(ended, state, at=NOW + timedelta(seconds=42))
        lines.add(rendering.outcome_line(ended.model_copy(update={"outcome": outcome})))
    assert len(lines) == len(finals)


def test_an_answer_says_who_and_after_how_long() -> None:
    ended = an_escalation(State.ANSWERED)
    outcome = an_outcome(ended, at=NOW + timedelta(seconds=102))
    line = rendering.outcome_line(ended.model_copy(update={"outcome": outcome}))
    assert "Answered by Maya after 1 min 42 s" in line


def test_urgent_questions_look_urgent() -> None:
    calm, urgent = an_escalation(), an_escalation(urgency=Urgency.HIGH)
    assert rendering.embed(urgent).colour != rendering.embed(calm).colour
    assert "urgently" in (rendering.embed(urgent).title or "")


def test_a_nonce_fits_and_differs_between_questions_and_between_parts() -> None:
    first, second = an_escalation(), an_escalation()
    nonces = {
        rendering.nonce(first),
        rendering.nonce(second),
        rendering.nonce(first, 1),
        rendering.nonce(first, 90),
    }
    assert len(nonces) == 4
    assert all(len(nonce) <= 25 for nonce in nonces)
