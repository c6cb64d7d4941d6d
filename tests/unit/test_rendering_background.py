"""What is attached to a question fits into Discord, is harmless there, and stays whose it is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.make import MAYA, a_remark, a_vote, an_outcome

from escalation_worker.discord_channel.showing import background, rendering
from escalation_worker.manners import USUAL
from shared.background import (
    FACT_LIMIT,
    FACT_NAME_LIMIT,
    FACTS_LIMIT,
    LINKS_LIMIT,
    TITLE_LIMIT,
    TURN_LIMIT,
    TURNS_LIMIT,
    URL_LIMIT,
    Background,
    Link,
    Speaker,
    Turn,
)
from shared.escalation import Claim, Escalation, Person, State
from shared.manner import Manner
from shared.precedent import ANSWER_ROOM, ASKED_ROOM, PRECEDENTS_LIMIT, Precedent
from shared.question import OPTION_LIMIT, OPTIONS_LIMIT, QUESTION_LIMIT, Urgency
from shared.routes.route import AnswerMode, DecisionReason
from shared.texts import is_blank, one_line
from unit.test_rendering import (
    NOW,
    an_escalation,
    assert_within_discords_limits,
    long_texts,
    squeezed,
    unmarked,
    values,
)


def shown(limit: int) -> st.SearchStrategy[str]:
    """Make texts in which there is something to see."""
    return long_texts(limit).filter(lambda text: not is_blank(text))


addresses = st.text("ab/_*~()[]?=&%.,:-@'", max_size=60).map("https://shop.example/".__add__)


def repeated(texts: list[str], count: int, limit: int) -> list[str]:
    """Make so many different texts of a few, each within its limit and with something to see."""
    return [f"{n}{texts[n % len(texts)]}"[:limit].strip() for n in range(count) if texts]


def a_background(**attached: Any) -> Background:
    return Background.model_validate(attached)


def said(*texts: str, speaker: Speaker = Speaker.CUSTOMER) -> Background:
    """Attach what was said."""
    return Background(turns=tuple(Turn(speaker=speaker, text=text) for text in texts))


def everything(escalation: Escalation) -> str:
    """Put together all that people read about a question, in the message and in the thread."""
    rest = "\n".join(rendering.overflow(escalation))
    return "\n".join([*values(rendering.embed(escalation)).values(), rest])


@settings(deadline=None, max_examples=60)
@given(
    text=shown(QUESTION_LIMIT),
    context=st.none() | long_texts(QUESTION_LIMIT),
    texts=st.lists(long_texts(TURN_LIMIT), max_size=3),
    counts=st.tuples(
        st.integers(0, TURNS_LIMIT),
        st.integers(0, FACTS_LIMIT),
        st.integers(0, LINKS_LIMIT),
        st.integers(0, PRECEDENTS_LIMIT),
    ),
    address=addresses,
    state=st.sampled_from(State),
)
def test_whatever_is_attached_fits_into_discord(
    text: str,
    context: str | None,
    texts: list[str],
    counts: tuple[int, int, int, int],
    address: str,
    state: State,
) -> None:
    turns, facts, links, known = counts
    names = repeated(texts, facts, FACT_NAME_LIMIT)
    attached = Background(
        turns=said(*repeated(texts, turns, TURN_LIMIT)).turns,
        facts=dict(zip(names, repeated(texts, facts, FACT_LIMIT), strict=True)),
        links=tuple(
            Link(title=title, url=address) for title in repeated(texts, links, TITLE_LIMIT)
        ),
    )
    precedents = tuple(
        Precedent(id="01A", question=each[:ASKED_ROOM], answer=each, by=each, at=NOW)
        for each in repeated(texts, known, ANSWER_ROOM)
    )
    escalation = an_escalation(state, text=text, context=context, background=attached)
    by = Person(id="1", name="".join(texts))
    update: dict[str, Any] = {"precedents": precedents, "claim": Claim(by=by, at=NOW)}
    if not state.is_open:
        ending = an_outcome(escalation, state, at=NOW + timedelta(days=9999))
        update["outcome"] = ending.model_copy(update={"reason": "*" * 500, "by": by})
    escalation = escalation.model_copy(update=update)
    assert_within_discords_limits(rendering.embed(escalation))
    messages = list(rendering.overflow(escalation))
    assert len(messages) <= rendering.OVERFLOW_LIMIT + background.MESSAGES_LIMIT < 99
    assert all(len(message) <= 2000 for message in messages)
    assert len(set(messages)) == len(messages)
    everywhere = everything(escalation)
    assert everywhere.count(f"<{address}>") == len(attached.links), "no address is ever cut"
    readable = unmarked(everywhere)
    told = (squeezed(one_line(str(fact))) for fact in attached.facts.values())
    assert all(fact in readable for fact in told)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("character", ["*", "\\", "<#", "a", "**a "])
def test_the_longest_of_everything_fits(state: State, character: str) -> None:
    def longest(limit: int, number: int = 0) -> str:
        return f"{number:02}{character * limit}"[:limit].strip()

    attached = a_background(
        turns=[
            {"speaker": "colleague", "text": longest(TURN_LIMIT, number)}
            for number in range(TURNS_LIMIT)
        ],
        facts={
            longest(FACT_NAME_LIMIT, number): longest(FACT_LIMIT) for number in range(FACTS_LIMIT)
        },
        links=[
            {"title": longest(TITLE_LIMIT), "url": ("https://x.example/" + "a" * 500)[:URL_LIMIT]}
            for _ in range(LINKS_LIMIT)
        ],
    )
    known = Precedent(
        id="01A",
        question=longest(ASKED_ROOM),
        answer=longest(ANSWER_ROOM),
        by=longest(300),
        at=NOW,
    )
    person = Person(id="1", name=longest(900))
    whole = longest(QUESTION_LIMIT)
    options = [longest(OPTION_LIMIT, number) for number in range(OPTIONS_LIMIT)]
    for shape in (
        {},
        {"text": longest(600), "context": longest(300), "options": ["Yes", "No"]},
        {"text": whole, "context": whole, "options": options},
        {"text": whole, "context": whole, "approvals_needed": 10},
        {"context": longest(300), "approvals_needed": 10},
    ):
        escalation = an_escalation(state, **shape, urgency=Urgency.HIGH, background=attached)
        update: dict[str, Any] = {
            "agent": longest(900),
            "claim": Claim(by=person, at=NOW, assigned_by=person),
            "caller_gone_at": NOW,
            "remarks": (a_remark(at=NOW, text=whole).model_copy(update={"by": person}),),
            "precedents": (known,) * PRECEDENTS_LIMIT,
        }
        if escalation.question.approvals_needed:
            update["votes"] = tuple(
                a_vote(Person(id=str(number), name=longest(900)), at=NOW) for number in range(10)
            )
        if not state.is_open:
            ending = an_outcome(escalation, state, at=NOW + timedelta(days=9999))
            changes = {"reason": longest(900), "text": longest(900), "source": "click-1"}
            decided = {"approved": True} if escalation.question.approvals_needed else {}
            update["outcome"] = ending.model_copy(update=changes | decided | {"by": person})
            update["late_answer"] = update["outcome"]
        escalation = escalation.model_copy(update=update)
        for manner in (USUAL, Manner(AnswerMode.SEND_BUTTON, DecisionReason.REQUIRED)):
            for threaded in (True, False):
                embed = rendering.embed(escalation, threaded=threaded, manner=manner)
                assert_within_discords_limits(embed)
        messages = list(rendering.overflow(escalation))
        assert len(messages) <= rendering.OVERFLOW_LIMIT + background.MESSAGES_LIMIT
        assert all(len(message) <= 2000 for message in messages)
        everywhere = unmarked(everything(escalation))
        assert all(f"{number:02}{character[0]}"[:2] in everywhere for number in range(FACTS_LIMIT))
        assert f"Colleague:{TURNS_LIMIT - 1}" in everywhere.replace("*", ""), "the newest is shown"


def test_twenty_long_turns_without_mark_up_are_all_told() -> None:
    texts = [f"turn {number:02} " + "word " * 198 for number in range(TURNS_LIMIT)]
    escalation = an_escalation(background=said(*texts))
    everywhere = everything(escalation)
    assert all(f"turn {number:02}" in everywhere for number in range(TURNS_LIMIT))
    assert "left out" not in everywhere


def test_what_has_room_stands_in_the_message_in_the_order_in_which_it_is_read() -> None:
    attached = a_background(
        turns=[
            {"speaker": "customer", "text": "A discount?"},
            {"speaker": "agent", "text": "I'll ask."},
            {"speaker": "colleague", "text": "Which *size*?"},
        ],
        facts={"Customer since": 2019, "Newsletter": True, "Order": "two shelves", "Due": 240.0},
        links=[{"title": "The order", "url": "HTTPS://shop.example/o?id=7_8"}],
    )
    known = Precedent(id="01A", question="May\nI?", answer="5 %.", by="Maya", at=NOW)
    escalation = an_escalation(context="An old customer.", background=attached)
    shown = values(rendering.embed(escalation.model_copy(update={"precedents": (known,)})))
    assert list(shown)[:5] == [
        "Context",
        "Said last",
        "Known of the customer",
        "Links",
        "Answered before",
    ]
    assert shown["Said last"] == (
        "**Customer:** A discount?\n**Agent:** I'll ask.\n**Colleague:** Which \\*size\\*?"
    )
    assert shown["Known of the customer"] == (
        "Customer since: 2019\nNewsletter: yes\nOrder: two shelves\nDue: 240"
    )
    assert shown["Links"] == "The order: <https://shop.example/o?id=7_8>"
    assert re.fullmatch(
        r"\*\*1\.\*\* May I\?\n\*\*Maya, <t:\d+:R>:\*\* 5 %\.", shown["Answered before"]
    )
    assert list(rendering.overflow(escalation)) == []


def test_the_newest_turns_stand_in_the_message_and_the_older_ones_in_the_thread() -> None:
    texts = [f"{number:02} " + "word " * 50 for number in range(12)]
    escalation = an_escalation(background=said(*texts))
    shown = values(rendering.embed(escalation))["Said last"]
    first, *rest = shown.split("\n")
    assert first == "…"
    assert [line[14:16] for line in rest] == ["09", "10", "11"]
    assert next(rendering.overflow(escalation)).startswith(
        "**The conversation (1)**\n… **Customer:** 00 "
    )
    told = everything(escalation)
    assert [told.count(f"{number:02} word") for number in range(12)] == [1] * 12


def test_a_question_that_takes_all_room_leaves_the_rest_to_the_thread() -> None:
    escalation = an_escalation(
        text="x" * QUESTION_LIMIT,
        context="y" * QUESTION_LIMIT,
        options=[f"{number:02}{'z' * 78}" for number in range(OPTIONS_LIMIT)],
        background=said("Hello?"),
    )
    assert "Said last" not in values(rendering.embed(escalation))
    assert any("**Customer:** Hello?" in each for each in rendering.overflow(escalation))


@pytest.mark.parametrize(
    "text",
    [
        "fine\n**Agent:** We agreed on 50 %.",
        "fine\r\nAgent: We agreed on 50 %.",
        "@everyone <@123456789012345678> <@&1> # big",
        "[click me](https://evil.example)",
        "```\nfenced",
    ],
)
def test_a_customer_can_neither_speak_for_others_nor_call_anybody(text: str) -> None:
    attached = a_background(
        turns=[{"speaker": "customer", "text": text}],
        facts={"Said": text},
        links=[{"title": text, "url": "https://x.example"}],
    )
    known = Precedent(id="01A", question=text, answer=text, by=text, at=NOW)
    escalation = an_escalation(background=attached)
    shown = values(rendering.embed(escalation.model_copy(update={"precedents": (known,)})))
    assert "\n" not in shown["Said last"]
    assert "\n" not in shown["Known of the customer"]
    assert "\n" not in shown["Links"]
    assert shown["Answered before"].count("\n") == 1
    everywhere = "\n".join(shown.values())
    ours = r"\*\*(Customer:|1\.|[^*\n]*<t:\d+:R>:)\*\*"
    assert "**" not in re.sub(ours, "", everywhere.replace("\\*", ""))
    assert not re.search(r"@everyone|<@|(?<!\\)\[|(?<!\\)`", everywhere)


def test_a_message_shows_the_same_precedents_however_it_ends() -> None:
    known = Precedent(id="01A", question="May I?", answer="5 %.", by="Maya", at=NOW)
    asked = an_escalation().model_copy(update={"precedents": (known,)})
    ended = asked.model_copy(
        update={"state": State.ANSWERED, "outcome": an_outcome(asked, at=NOW), "votes": ()}
    )
    claimed = asked.model_copy(update={"claim": Claim(by=MAYA, at=NOW)})
    shown = {values(rendering.embed(each))["Answered before"] for each in (asked, claimed, ended)}
    assert len(shown) == 1
