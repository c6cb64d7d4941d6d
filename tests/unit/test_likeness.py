# ruff: noqa: RUF001 (questions in many scripts)
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.likeness import ALIKE, READ_LIMIT, TERMS_LIMIT, likeness, terms_of

REMEMBERED = (
    "May I give 10 % off two shelves?",
    "Can the customer get a refund for the broken lamp?",
    "Is the oak table back in stock before Christmas?",
    "The customer lost the receipt. May she return the chair after 40 days?",
    "Can we deliver on Sunday evening?",
    "Do we ship to Switzerland, and what does it cost?",
    "Customer complains about a scratch on the table top, what can we offer?",
    "Darf ich zwei Regale mit 10 % Rabatt verkaufen?",
    "Ist der Eichentisch vor Weihnachten wieder lieferbar?",
    "Puis-je accorder une remise de 10 % sur deux étagères ?",
    "¿Puedo ofrecer un descuento del 10 % en dos estanterías?",
    "Можно дать скидку 10 % на две полки?",
    "この棚を10%割引してもいいですか",
    "两个书架可以打九折吗？",
    "هل يمكنني منح خصم 10٪ على رفين؟",
    "ลดราคาชั้นวางสองชั้นได้ 10% ไหม",
    "क्या मैं दो अलमारियों पर 10% की छूट दे सकता हूँ?",
    "선반 두 개를 10% 할인해도 될까요?",
)
ALIKE_TO = {
    "May I give a discount of 10 % off on two shelves?": 0,
    "Could I give 15 % off on three shelves?": 0,
    "Can this customer have a refund for a lamp that arrived broken?": 1,
    "Will the oak table be in stock again before Christmas?": 2,
    "Is the customer allowed to return a chair after 45 days without a receipt?": 3,
    "Is delivery on a Sunday evening possible?": 4,
    "Do you ship to Switzerland?": 5,
    "Darf ich für zwei Regale 15 % Rabatt geben?": 7,
    "Wann ist der Eichentisch wieder lieferbar?": 8,
    "Puis-je faire une remise de 15 % sur trois étagères ?": 9,
    "¿Puedo dar un descuento del 15 % en tres estanterías?": 10,
    "Можно ли дать скидку 15 % на три полки?": 11,
    "この棚を15%割引できますか": 12,
    "书架可以打八折吗？": 13,
    "هل يمكنني منح خصم 15٪ على ثلاثة رفوف؟": 14,
    "ลดราคาชั้นวางได้ 15% ไหม": 15,
    "क्या मैं तीन अलमारियों पर 15% की छूट दे सकता हूँ?": 16,
    "선반 세 개를 15% 할인해도 될까요?": 17,
}
UNRELATED = (
    "What is the wifi password of the office?",
    "Which of our lamps can be dimmed?",
    "May the customer pay by invoice?",
    "Can I promise a call back today?",
    "Can the customer pick up the parcel tomorrow?",
    "Who is responsible for the returns in Austria?",
    "Haben wir am Montag geöffnet?",
    "Quelle est l'adresse du magasin ?",
    "Когда вы открываетесь завтра?",
    "今日は何時に閉店しますか",
    "明天几点开门？",
    "???",
)


def among(remembered: tuple[str, ...], question: str) -> list[tuple[float, str]]:
    """Measure a question against each of those that are remembered, the most alike first."""
    terms = {each: terms_of(each) for each in remembered}
    holding: dict[str, int] = {}
    for each in terms.values():
        for term in each:
            holding[term] = holding.get(term, 0) + 1
    asked = terms_of(question)
    return sorted(
        ((likeness(asked, each, len(remembered), holding), text) for text, each in terms.items()),
        reverse=True,
    )


@pytest.mark.parametrize(("question", "number"), ALIKE_TO.items())
def test_the_same_matter_in_other_words_is_found_in_any_language(
    question: str, number: int
) -> None:
    (first, text), (second, _), *_ = among(REMEMBERED, question)
    assert text == REMEMBERED[number]
    assert first >= ALIKE > second
    ((alone, _),) = among((REMEMBERED[number],), question)
    assert alone >= ALIKE, "the first question that is remembered is found too"
    often = tuple(REMEMBERED[number] + "!" * times for times in range(6))
    assert among(often, question)[0][0] >= ALIKE, "and so is what is asked often"


@pytest.mark.parametrize("question", UNRELATED)
def test_nothing_is_shown_for_an_unrelated_question(question: str) -> None:
    assert among(REMEMBERED, question)[0][0] < ALIKE
    assert all(among((each,), question)[0][0] < ALIKE for each in REMEMBERED)


def test_how_all_questions_begin_makes_none_alike() -> None:
    begin = "The customer would like to know whether "
    matters = ("we ship abroad", "she may pay by invoice", "the lamp can be repaired", "we deliver")
    remembered = tuple(f"{begin}{each}{'.' * n}" for each in matters for n in range(100))
    assert among(remembered, f"{begin}the carpet is washable")[0][0] < ALIKE
    assert among(remembered, f"{begin}lamps are repaired")[0][0] >= ALIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße und GRÖSSE", "STRASSE und größe"),
        ("café?", unicodedata.normalize("NFD", "CAFÉ!")),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("  May I … 10 %?", "may i 10"),
    ],
)
def test_neither_case_nor_composition_nor_punctuation_matters(one: str, other: str) -> None:
    assert set(terms_of(one)) == set(terms_of(other))


@given(text=st.text(max_size=4_000))
def test_any_text_has_a_few_pieces_and_is_wholly_like_itself(text: str) -> None:
    terms = terms_of(text)
    assert len(terms) == len(set(terms)) <= TERMS_LIMIT
    assert all(term.isalnum() and len(term) == 8 for term in terms)
    measured = likeness(terms, terms, 1, dict.fromkeys(terms, 1))
    assert measured == pytest.approx(1 if terms else 0)


def test_no_more_mentions_are_read_than_may_be_and_the_rarest_count() -> None:
    common = terms_of("May I give this customer a discount?")
    rare = terms_of("zyx")
    holding = dict.fromkeys(common, READ_LIMIT) | dict.fromkeys(rare, 1)
    assert likeness((*common, *rare), (*common, *rare), READ_LIMIT, holding) == 1
    assert likeness((*common, *rare), common, READ_LIMIT, holding) == 0
