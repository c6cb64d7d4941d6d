"""The rule-based stand-in for a model, and the texts of outcomes."""

from __future__ import annotations

import pytest
from videosdk.agents import ChatContext, ChatRole, FunctionTool, LLMResponse

from customer_agent.agent import CustomerAgent
from customer_agent.notices import Notices
from customer_agent.outcomes import Ending, Outcome, SentFile, in_plain_words
from customer_agent.rule_based_llm import RuleBasedLLM
from customer_agent.shop_rules import OFFER, escalated, known

NOTICES = Notices("m4rk")


async def respond(context: ChatContext, *, tools: bool = True) -> LLMResponse:
    some: list[FunctionTool] = [CustomerAgent.ask_human] if tools else []  # pyright: ignore[reportAssignmentType]
    return await anext(aiter(RuleBasedLLM(NOTICES).chat(context, some)))


def heard(*texts: str) -> ChatContext:
    context = ChatContext.empty()
    for text in texts:
        context.add_message(ChatRole.USER, text)
    return context


@pytest.mark.parametrize(
    "text",
    [
        "Can I get 15% off?",
        "is there a DISCOUNT for students",
        "I want my money back",
        "The lamp is broken!",
        "Could you ask your manager?",
        "Can you deliver it on Sunday?",
        "I'd like to return it, but I opened it",
        "Is the oak table in stock?",
        "I want to talk to a real person",
    ],
)
async def test_what_a_person_must_decide_is_asked(text: str) -> None:
    metadata = (await respond(heard(text))).metadata
    assert metadata is not None
    call = metadata["function_call"]
    assert call["name"] == "ask_human"
    assert call["arguments"]["question"] == text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Hello", "Nice to have you"),
        ("When are you open?", "Monday"),
        ("how long does delivery take", "three to five"),
        ("What is your returns policy?", "30 days"),
        ("Thanks!", "welcome"),
        ("who are you?", "assistant"),
        ("any news?", "nothing open"),
        ("qwertz uiop", OFFER),
        ("", "catch that"),
        ("???!!!", "catch that"),
        ("\x00\u202e", "catch that"),
        ("🙂", "catch that"),
    ],
)
async def test_what_it_knows_is_said_at_once(text: str, part: str) -> None:
    answer = await respond(heard(text))
    assert answer.metadata is None
    assert part in answer.content


async def test_an_offer_to_ask_is_taken_up_by_yes_and_left_alone_by_no() -> None:
    context = heard("Does the oak smell nice?")
    assert (await respond(context)).content == OFFER
    context.add_message(ChatRole.ASSISTANT, OFFER)
    context.add_message(ChatRole.USER, "yes please")
    metadata = (await respond(context)).metadata
    assert metadata is not None
    assert metadata["function_call"]["arguments"]["question"] == "Does the oak smell nice?"
    no = heard("Does the oak smell nice?")
    no.add_message(ChatRole.ASSISTANT, OFFER)
    no.add_message(ChatRole.USER, "no, never mind")
    assert (await respond(no)).metadata is None


async def test_it_says_something_to_anything() -> None:
    assert (await respond(ChatContext.empty())).content
    assert (await respond(heard("x" * 100_000))).content
    assert (await respond(heard("Can I get a discount?"), tools=False)).content
    odd = heard("hi")
    odd.add_function_output("ask_human", "{not json", "c1")
    assert (await respond(odd)).content


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_has_a_notice_that_reads_back(ending: Ending) -> None:
    outcome = Outcome(ending, "Q-1", 'Why "so"?\nDATA {}', "42 \u2028\n", "Ma\nya", "be\ncause")
    notice = NOTICES.write(outcome)
    assert NOTICES.read(notice) == outcome
    assert Notices().read(notice) is None, "another conversation's marker is no marker here"
    assert len(notice.splitlines()) == 3


@pytest.mark.parametrize("ending", [Ending.ANSWERED, Ending.ANSWERED_LATE])
def test_files_are_spoken_of_by_name_with_an_answer_or_without(ending: Ending) -> None:
    files = (SentFile("a\n.png", "https://cdn/a"), SentFile("b.pdf", "https://cdn/b"))
    for answer, said in (
        ("Yes", "Maya has sent a\n.png and b.pdf and says: Yes"),
        (None, "sent a"),
    ):
        outcome = Outcome(ending, "Q-1", "q", answer, "Maya", files=files)
        assert said in in_plain_words(outcome)
        notice = NOTICES.write(outcome)
        assert "https://" not in notice
        assert len(notice.splitlines()) == 3
        read = NOTICES.read(notice)
        assert read is not None
        assert (read.answer, [each.name for each in read.files]) == (answer, ["a\n.png", "b.pdf"])
    assert "None" not in in_plain_words(outcome)


def test_no_two_endings_read_alike() -> None:
    outcomes = [Outcome(each, "Q-1", "q", "the answer", "Maya", None) for each in Ending]
    assert len({in_plain_words(each) for each in outcomes}) == len(Ending)
    heads = {NOTICES.write(each).splitlines()[0] for each in outcomes}
    tasks = {NOTICES.write(each).splitlines()[2] for each in outcomes}
    assert len(heads) == len(tasks) == len(Ending)
    with_answer = (
        Ending.ANSWERED,
        Ending.ANSWERED_LATE,
        Ending.APPROVED,
        Ending.DENIED,
    )
    for each in outcomes:
        assert ("the answer" in in_plain_words(each)) == (each.ending in with_answer)


def test_the_suggestions_of_the_page_do_what_they_promise() -> None:
    assert escalated("Can I get 15% off if I take two?")
    assert (found := known("When are you open?")) is not None
    assert found.name == "hours"
    assert (found := known("How long does delivery take?")) is not None
    assert found.name == "shipping"
    assert not escalated("How long does delivery take?")
