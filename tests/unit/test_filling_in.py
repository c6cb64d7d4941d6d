from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from support.make import an_ask, an_outcome

from escalation_worker.answering import Answering
from escalation_worker.filling_in import FillingIn, PageTaken
from shared.answer_form import AnswerForm
from shared.errors import StoreUnavailableError
from shared.escalation import DEFAULT_BOT, Escalation, State
from shared.memory.escalations import MemoryEscalations
from shared.memory.form_drafts import MemoryFormDrafts
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.ports.replies import ReplyVerdict
from unit.test_answering import OPERATORS, a_reply

FORM = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "integer"},
            "c": {"type": "string"},
        },
        "required": ["b"],
    }
)
PAGES = (("a", "b"), ("c",))


@dataclass(frozen=True, slots=True)
class Scene:
    store: MemoryEscalations
    drafts: MemoryFormDrafts
    filling_in: FillingIn
    question: Escalation

    async def take(
        self, page: int, person: str = "111", hold: Hold | None = None, **written: str
    ) -> PageTaken:
        reply = a_reply(self.question, "", person=person, source="click-1", hold=hold)
        return await self.filling_in.take(reply, PAGES, page, written)

    async def begin(self, person: str = "111") -> Mapping[str, str] | ReplyVerdict:
        return await self.filling_in.begin(a_reply(self.question, "", person=person))

    async def read(self) -> Escalation:
        read = await self.store.get(self.question.id)
        assert read is not None
        return read

    async def end(self, state: State) -> None:
        outcome = an_outcome(self.question, state, at=utc_now(), source=None)
        await self.store.conclude(self.question.id, outcome)


@pytest.fixture
async def scene() -> Scene:
    store = MemoryEscalations()
    drafts = MemoryFormDrafts(store)
    filling_in = FillingIn(store, OPERATORS, Answering(store, OPERATORS), drafts)
    question = (await store.accept(an_ask(form=FORM))).escalation
    return Scene(store, drafts, filling_in, question)


async def test_the_page_that_completes_the_form_is_the_answer(scene: Scene) -> None:
    assert await scene.take(0, a="x", b="5") == PageTaken(ReplyVerdict.PAGE_KEPT, missing=1)
    assert await scene.begin() == {"a": "x", "b": "5"}
    assert (await scene.take(1, c="z")).verdict is ReplyVerdict.ACCEPTED
    outcome = (await scene.read()).outcome
    assert outcome is not None
    assert outcome.values == {"a": "x", "b": 5, "c": "z"}
    assert await scene.drafts.read(scene.question.id, "111") == {}, "nobody needs it any more"


async def test_the_last_page_heard_twice_is_one_answer(scene: Scene) -> None:
    await scene.take(0, a="x", b="5")
    assert (await scene.take(1, c="z")).verdict is ReplyVerdict.ACCEPTED
    assert await scene.take(1, c="z") == PageTaken(ReplyVerdict.REPEATED)


async def test_a_refused_form_is_kept_whole_and_one_mended_page_completes_it(scene: Scene) -> None:
    await scene.take(0, a="x", b="five")
    refused = await scene.take(1, c="z")
    assert (refused.verdict, set(refused.problems)) == (ReplyVerdict.UNREADABLE, {"b"})
    assert await scene.begin() == {"a": "x", "b": "five", "c": "z"}
    assert (await scene.take(0, a="x", b="5")).verdict is ReplyVerdict.ACCEPTED


async def test_a_page_brings_its_own_fields_and_no_others(scene: Scene) -> None:
    await scene.take(0, a="x", b="5", c="smuggled", d="unknown")
    assert await scene.begin() == {"a": "x", "b": "5"}


async def test_a_page_that_was_left_empty_was_filled_in_all_the_same(scene: Scene) -> None:
    await scene.take(1)
    assert (await scene.take(0, b="5")).verdict is ReplyVerdict.ACCEPTED


async def test_two_people_fill_in_a_form_each(scene: Scene) -> None:
    await scene.take(0, a="mine", b="5")
    reply = a_reply(scene.question, "", person="222", roles=frozenset({"7"}))
    taken = await scene.filling_in.take(reply, PAGES, 1, {"c": "theirs"})
    assert taken == PageTaken(ReplyVerdict.PAGE_KEPT, missing=0)
    assert (await scene.read()).state.is_open


@pytest.mark.parametrize("page", [0, 1, 2])
async def test_of_somebody_who_may_not_answer_nothing_is_kept(scene: Scene, page: int) -> None:
    assert await scene.begin("222") is ReplyVerdict.NOT_ALLOWED
    assert (await scene.take(page, "222", a="x")).verdict is ReplyVerdict.NOT_ALLOWED
    assert await scene.drafts.read(scene.question.id, "222") == {}


async def test_a_page_that_there_is_not_is_refused(scene: Scene) -> None:
    assert (await scene.take(2, a="x")).verdict is ReplyVerdict.WRONG_SHAPE


async def test_a_form_for_a_question_without_one_is_refused(scene: Scene) -> None:
    other = (await scene.store.accept(an_ask("may I?"))).escalation
    assert await scene.filling_in.begin(a_reply(other)) is ReplyVerdict.WRONG_SHAPE
    taken = await scene.filling_in.take(a_reply(other), PAGES, 0, {})
    assert taken.verdict is ReplyVerdict.WRONG_SHAPE


@pytest.mark.parametrize("state", [State.CANCELLED, State.TIMED_OUT])
async def test_after_the_end_no_page_is_kept_and_no_form_opened(scene: Scene, state: State) -> None:
    await scene.end(state)
    assert await scene.begin() is ReplyVerdict.TOO_LATE
    assert await scene.take(0, a="x", b="5") == PageTaken(ReplyVerdict.TOO_LATE)
    assert await scene.drafts.read(scene.question.id, "111") == {}


async def test_the_last_page_after_the_deadline_completes_a_late_answer(scene: Scene) -> None:
    await scene.take(0, a="x", b="5")
    await scene.end(State.TIMED_OUT)
    assert (await scene.take(1, c="z")).verdict is ReplyVerdict.KEPT_LATE
    late = (await scene.read()).late_answer
    assert late is not None
    assert late.values == {"a": "x", "b": 5, "c": "z"}


async def test_a_page_that_a_relieved_listener_heard_is_left_to_the_new_one(scene: Scene) -> None:
    scene.store.fences[DEFAULT_BOT, 0] = 2
    taken = await scene.take(0, hold=Hold(0, 1), a="x", b="5")
    assert taken == PageTaken(ReplyVerdict.FENCED)
    assert await scene.begin() == {}
    assert (await scene.take(0, hold=Hold(0, 2), a="x", b="5")).missing == 1


async def test_a_form_that_was_taken_is_told_so_although_its_draft_could_not_be_dropped(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: str) -> None:
        raise StoreUnavailableError("Redis is away")

    monkeypatch.setattr(scene.drafts, "forget", away)
    await scene.take(0, a="x", b="5")
    assert (await scene.take(1, c="z")).verdict is ReplyVerdict.ACCEPTED
