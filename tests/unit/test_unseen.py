"""What nobody sees in people's words does nothing to what is read: one place, and all who show."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.make import a_posting, a_remark, a_vote, an_outcome

from escalation_worker.answering import fitting
from escalation_worker.desk.views import view_of
from escalation_worker.discord_channel.hearing import modals, pending
from escalation_worker.discord_channel.showing import relaying, rendering
from escalation_worker.discord_channel.showing.controls import controls
from shared.answer_form import AnswerForm
from shared.attachment import Attachment
from shared.background import Background
from shared.escalation import Author, Claim, Escalation, Person, State
from shared.precedent import Precedent
from shared.question import Question
from shared.texts import is_blank, legible, one_line
from unit.test_rendering import NOW, an_escalation

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Embeddings, overrides and isolates: what turns around the words that stand behind it."""
MARKS = "\u200e\u200f\u061c"
SEEN_FORMATS = {
    *"\u200c\u200d",  # joiners, of emoji and within words
    *(
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) == "Cf"
        and re.match("ARABIC|SYRIAC|KAITHI|EGYPTIAN", unicodedata.name(chr(code), ""))
        and unicodedata.name(chr(code)) != "ARABIC LETTER MARK"
    ),
}
READABLE = [
    "שלום! מחיר: 240 ₪ (כולל מע״מ).",
    "مرحبا، هل يمكنني الحصول على خصم 10%؟",
    "می\u200cشود",  # Persian: two words joined by what nobody sees
    "क्\u200dष",  # likewise in Hindi
    "👩\u200d👩\u200d👧 and 🏳\ufe0f\u200d🌈",
    "The flag of Scotland: 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "葛\U000e0100",  # a variant of a letter
    "ordinary: 10 % off, naïve café, C++",
]

any_character = st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")
telling = st.sampled_from(
    [*TURNING, *MARKS, *"ab.:/ -10\nאة\u200b\u2060\ufeff\u00ad\u3164\x07\u2028👟"]
)
# A list, since a text's characters are drawn evenly: hardly any would be one that matters.
hostile = st.lists(telling | any_character, max_size=40).map("".join)
hostile_and_seen = hostile.filter(lambda text: not is_blank(text))


def seen(text: str) -> str:
    """Leave out all that is not drawn."""
    return "".join(
        each
        for each in text
        if not each.isspace()
        and unicodedata.category(each) not in {"Cc", "Cf", "Zl", "Zp"}
        and each not in "\u3164\uffa0\u115f\u1160\u2800"
    )


@given(hostile)
def test_running_text_keeps_all_that_is_seen_and_nothing_that_turns_it_around(text: str) -> None:
    read = legible(text)
    assert seen(read) == seen(text)
    assert not set(read) & set(TURNING)
    assert legible(read) == read
    for line in read.split("\n"):
        letters = {unicodedata.bidirectional(each) for each in line if each not in MARKS}
        assert not set(line) & set(MARKS) or letters & {"R", "AL"}, "marks only where they belong"
        unseen = {each for each in line if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"}}
        assert unseen <= {*MARKS, *SEEN_FORMATS, "\t"}


@given(hostile)
def test_one_line_is_one_keeps_all_that_is_seen_and_no_mark_of_a_direction(text: str) -> None:
    line = one_line(text)
    assert seen(line) == ("" if is_blank(text) else seen(text))
    assert len(line.splitlines()) <= 1
    assert line == line.strip() == one_line(line)
    assert not set(line) & {*TURNING, *MARKS}
    categories = {each for each in line if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"}}
    assert categories <= SEEN_FORMATS


@pytest.mark.parametrize("text", READABLE)
def test_what_people_write_in_any_script_stays_as_it_is(text: str) -> None:
    assert legible(text) == text
    assert one_line(text) == text


def test_marks_of_a_direction_stay_beside_letters_that_need_them() -> None:
    hebrew = "מחיר של C++\u200f הוא 10\u200e-20"
    assert legible(f"10\u200f % off\n{hebrew}") == f"10 % off\n{hebrew}"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("moc.elpmaxe.knab//:sptth\u202e", "moc.elpmaxe.knab//:sptth"),
        ("\u2067\u2066evil\u2069\u2066bank\u2069\u2069", "evilbank"),
        ("two\r\nlines\u2029three", "two\nlines\nthree"),
        # Letters of a flag that belong to no flag: words that only a machine would read.
        ("fine\U000e0061\U000e0062", "fine"),
        ("🏴\U000e0067\U000e0062", "🏴"),
    ],
)
def test_what_running_text_loses(text: str, read: str) -> None:
    assert legible(text) == read


def test_an_option_counts_as_people_can_write_it_and_is_passed_on_to_the_letter() -> None:
    question = Question(text="?", options=("Yes\u200b", "\u202eNo"), options_only=True)
    assert fitting(question, "yes") == "Yes\u200b"
    assert fitting(question, "No") == "\u202eNo"
    assert fitting(question, "Perhaps") is None


@pytest.mark.parametrize("options", [("US", "us"), ("10 %", "10\u00a0%"), ("No", "No\u200b")])
def test_of_options_that_read_alike_the_one_that_was_chosen_is_the_answer(
    options: tuple[str, str],
) -> None:
    question = Question(text="?", options=options, options_only=True)
    assert tuple(fitting(question, each) for each in options) == options


def an_escalation_of(word: str, state: State) -> Escalation:
    """Put a word wherever somebody else's words can stand."""
    person = Person(id="7", name=word)
    asked = an_escalation(
        state,
        text=word,
        context=word,
        options=[word],
        background=Background.model_validate(
            {
                "turns": [{"speaker": "customer", "text": word}],
                "facts": {word: word},
                "links": [{"title": word, "url": "https://shop.example/o?id=7"}],
            }
        ),
    )
    ending = an_outcome(asked, state, at=NOW + timedelta(seconds=9))
    file = Attachment(name=word, url="https://cdn/a", media_type="image/png", size=1)
    answer = ending.model_copy(
        update={"text": word, "reason": word, "by": person, "attachments": (file,), "source": "x"}
    )
    told = a_remark(Author.AGENT, at=NOW, text=word)
    update: dict[str, Any] = {
        "agent": word,
        "posting": a_posting(),
        "precedents": (Precedent(id="01A", question=word, answer=word, by=word, at=NOW),),
        "remarks": (a_remark(at=NOW, text=word).model_copy(update={"by": person}), told),
        "claim": Claim(by=person, at=NOW, assigned_by=person),
        "votes": (a_vote(person, at=NOW).model_copy(update={"comment": word}),),
    }
    if not state.is_open:
        update |= {"outcome": answer, "late_answer": answer}
    return asked.model_copy(update=update)


def a_form_of(word: str) -> AnswerForm:
    fields = {"type": "string", "title": word, "description": word}
    return AnswerForm.model_validate(
        {"type": "object", "properties": {"a": fields, "b": {**fields, "enum": [word[:99]]}}}
    )


def shown_in_discord(escalation: Escalation, form: AnswerForm) -> Iterator[str]:
    yield json.dumps(rendering.embed(escalation).to_dict(), ensure_ascii=False)
    yield from rendering.overflow(escalation)
    yield from (each.text for each in relaying.relayed(escalation))
    yield rendering.thread_name(escalation)
    yield pending.listed([escalation], 1)
    view = controls(escalation)
    labels = view.to_components() if view else []
    modal = modals.answer_form(escalation.id, form, 0, {}).to_dict()
    for each in (labels, modal["components"]):
        yield json.dumps(without_values(each), ensure_ascii=False)


def without_values(shown: Any) -> Any:
    """Leave out what is sent back with a choice and never shown: the agent's own words."""
    match shown:
        case dict():
            parts = cast("dict[str, Any]", shown).items()
            return {name: without_values(each) for name, each in parts if name != "value"}
        case list() | tuple():
            return [without_values(each) for each in cast("list[Any]", shown)]
        case _:
            return shown


@settings(deadline=None, max_examples=60)
@example(word="א\u200f: \u202eb", state=State.ANSWERED)
@example(word='"\u202a', state=State.QUEUED)
@given(word=hostile_and_seen, state=st.sampled_from(State))
def test_nothing_that_people_read_in_discord_is_turned_around(word: str, state: State) -> None:
    escalation = an_escalation_of(word, state)
    for each in shown_in_discord(escalation, a_form_of(word)):
        assert not set(each) & set(TURNING)
    shown = rendering.embed(escalation)
    (links,) = (each.value or "" for each in shown.fields if each.name == "Links")
    title, address = links.split(": <https://shop.example/", maxsplit=1)
    assert address == "o?id=7>", "the address is the line's end, as it stands"
    assert not set(title) & set(MARKS)
    assert len(links.splitlines()) == 1


@settings(deadline=None, max_examples=60)
@example(word="א\u200f: \u202eb", state=State.ANSWERED)
@given(word=hostile_and_seen, state=st.sampled_from(State))
def test_nothing_that_the_desk_shows_is_turned_around(word: str, state: State) -> None:
    asked = an_escalation_of(word, state)
    question = asked.question.model_copy(update={"form": a_form_of(word)})
    view = view_of(asked.model_copy(update={"question": question})).model_dump(mode="json")
    sent_back = [option.pop("value") for option in view["options"]]
    assert sent_back == [word.strip()], "what is sent is the agent's own words"
    view["form"]["properties"]["b"].pop("enum")
    assert not set(json.dumps(view, ensure_ascii=False)) & set(TURNING)
    assert not set(view["links"][0]["title"] + view["agent"]) & set(MARKS)
