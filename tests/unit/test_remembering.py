from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from support.clock import SteppedClock
from support.make import a_correction, an_ask, an_outcome

from escalation_worker.posting import PostingDesk
from escalation_worker.remembering import Remembering
from shared.answer_form import AnswerForm
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation, Posting, Provenance, State
from shared.memory.corrections import MemoryCorrections
from shared.memory.escalations import MemoryEscalations
from shared.memory.precedents import MemoryPrecedents
from shared.ports.channel import PostingJournal
from shared.precedent import ANSWER_ROOM, ASKED_ROOM
from shared.routes.route import Route, default_route
from shared.routes_in_force import InForce

SHELVES = "May I give 10 % off two shelves?"
LIKE_IT = "Could I give 15 % off on three shelves?"
FORM = AnswerForm.model_validate({"type": "object", "properties": {"a": {"type": "boolean"}}})


def a_route(name: str = "default", *, memory: bool = True) -> Route:
    route = default_route(channel_id=500, user_id=111, role_ids=())
    return route.model_copy(update={"name": name, "memory": memory})


class Scene:
    """The use-case over memory, and routes that a test changes."""

    def __init__(self, *routes: Route) -> None:
        self.clock = SteppedClock()
        self.store = MemoryEscalations(clock=self.clock)
        self.precedents = MemoryPrecedents(self.store, clock=self.clock)
        self.routes: Mapping[str, Route] = {each.name: each for each in routes}
        self.remembering = Remembering(self.store, self.precedents, InForce(lambda: self.routes))

    async def asked(self, text: str = LIKE_IT, **shape: Any) -> Escalation:
        return (await self.store.accept(an_ask(text, **shape))).escalation

    async def answered(
        self,
        text: str = SHELVES,
        answer: str = "Yes, 10 %.",
        update: Mapping[str, Any] | None = None,
        **shape: Any,
    ) -> Escalation:
        """End a question, and let a worker that shows it remember that."""
        escalation = await self.asked(text, **shape)
        outcome = an_outcome(escalation, at=self.clock(), text=answer)
        ended = await self.store.conclude(escalation.id, outcome.model_copy(update=update))
        assert ended is not None
        await self.remembering.remember(ended.escalation)
        return ended.escalation

    async def recalled(self, question: Escalation) -> list[tuple[str, str]] | None:
        """Tell what is shown with a question."""
        recalled = await self.remembering.recall(question)
        assert await self.store.get(question.id) == recalled, "it is kept in the record"
        if recalled.precedents is None:
            return None
        return [(each.question, each.answer) for each in recalled.precedents]


@pytest.fixture
def scene() -> Scene:
    return Scene(a_route())


async def test_what_a_person_answered_is_shown_with_the_next_question_like_it(
    scene: Scene,
) -> None:
    known = await scene.answered()
    recalled = await scene.remembering.recall(await scene.asked())
    assert recalled.precedents is not None
    (shown,) = recalled.precedents
    assert (shown.id, shown.question, shown.answer) == (known.id, SHELVES, "Yes, 10 %.")
    assert (shown.by, shown.at) == ("Maya", scene.clock())


async def test_of_an_answer_that_was_corrected_what_was_said_last_is_shown(scene: Scene) -> None:
    until = scene.clock.now + timedelta(minutes=3)
    answered = await scene.answered(update={"correctable_until": until})
    await scene.store.hand_over(answered.id)
    edited = a_correction(answered, "No, 5 %.", seconds=10)
    kept = await MemoryCorrections(scene.store).correct(answered.id, edited)
    assert kept is not None
    assert kept.escalation.late_answer == edited
    assert await scene.recalled(await scene.asked()) == [(SHELVES, "No, 5 %.")]


async def test_options_that_were_picked_are_remembered_too(scene: Scene) -> None:
    await scene.answered(answer="10 %", options=("5 %", "10 %"), options_only=True)
    assert await scene.recalled(await scene.asked()) == [(SHELVES, "10 %")]


@pytest.mark.parametrize(
    ("update", "shape"),
    [
        ({"state": State.DECLINED, "text": None, "reason": "No."}, {}),
        ({"state": State.TIMED_OUT, "provenance": Provenance.FALLBACK}, {}),
        ({"state": State.CANCELLED, "provenance": Provenance.AGENT, "text": None}, {}),
        ({"provenance": Provenance.FALLBACK}, {}),
        ({"approved": True}, {"approvals_needed": 1}),
        ({"values": {"a": True}}, {"form": FORM}),
    ],
)
async def test_nothing_but_a_persons_words_is_remembered(
    scene: Scene, update: dict[str, Any], shape: dict[str, Any]
) -> None:
    await scene.answered(update=update, **shape)
    assert await scene.recalled(await scene.asked()) == []


async def test_a_late_answer_is_not_remembered(scene: Scene) -> None:
    escalation = await scene.asked(SHELVES)
    outcome = an_outcome(escalation, State.TIMED_OUT, at=scene.clock())
    await scene.store.conclude(escalation.id, outcome)
    late = an_outcome(escalation, at=scene.clock())
    kept = await scene.store.keep_late_answer(escalation.id, late)
    assert kept is not None
    await scene.remembering.remember(kept.escalation)
    assert await scene.recalled(await scene.asked()) == []


@pytest.mark.parametrize("shape", [{"approvals_needed": 1}, {"form": FORM}])
async def test_an_approval_and_a_form_are_shown_nothing(
    scene: Scene, shape: dict[str, Any]
) -> None:
    await scene.answered()
    assert await scene.recalled(await scene.asked(**shape)) is None


async def test_a_route_without_memory_neither_remembers_nor_shows_anything() -> None:
    scene = Scene(a_route(memory=False))
    await scene.answered()
    assert await scene.recalled(await scene.asked()) is None
    scene = Scene(a_route())
    await scene.answered()
    remembering = Remembering(
        scene.store, scene.precedents, InForce(lambda: {"default": a_route(memory=False)})
    )
    assert (await remembering.recall(await scene.asked())).precedents is None


async def test_the_people_of_one_route_do_not_see_what_those_of_another_answered() -> None:
    scene = Scene(a_route(), a_route("billing"))
    await scene.answered(route="billing")
    assert await scene.recalled(await scene.asked()) == []
    assert await scene.recalled(await scene.asked(route="billing")) == [(SHELVES, "Yes, 10 %.")]
    # A question whose route is gone is seen by the default one's people.
    assert await scene.recalled(await scene.asked(route="gone")) == []


async def test_what_reads_alike_is_shown_once_and_three_at_most(scene: Scene) -> None:
    for answer in ("No.", "Yes.", "yes.", "Yes.", "5 %.", "Ask Jon."):
        await scene.answered(answer=answer)
        scene.clock.advance(seconds=1)
    shown = await scene.recalled(await scene.asked())
    assert shown is not None
    assert [answer for _, answer in shown] == ["Ask Jon.", "5 %.", "Yes."]


async def test_long_words_are_shown_in_short(scene: Scene) -> None:
    await scene.answered(f"{SHELVES} {'shelves ' * 99}", "yes " * 999)
    shown = await scene.recalled(await scene.asked(f"{SHELVES} {'shelves ' * 98}"))
    assert shown is not None
    ((asked, answer),) = shown
    assert (len(asked), len(answer)) == (ASKED_ROOM, ANSWER_ROOM)
    assert asked.endswith("…")
    assert answer.endswith("…")


async def test_what_a_question_shows_does_not_change_any_more(scene: Scene) -> None:
    await scene.answered(answer="First.")
    question = await scene.asked()
    assert await scene.recalled(question) == [(SHELVES, "First.")]
    await scene.answered(answer="Second.")
    read = await scene.store.get(question.id)
    assert read is not None
    assert await scene.recalled(read) == [(SHELVES, "First.")]
    # Another worker, which had read the record before that, shows the same.
    assert await scene.recalled(question) == [(SHELVES, "First.")]


async def test_a_memory_that_fails_keeps_no_question_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.answered()

    async def fails(*_: object, **__: object) -> list[str]:
        raise StoreUnavailableError("the Redis user may not do this")

    monkeypatch.setattr(scene.precedents, "find", fails)
    question = await scene.asked()
    assert await scene.remembering.recall(question) == question


class FakeChannel:
    """A fake of `HumanChannel` that remembers what it was asked to show."""

    def __init__(self) -> None:
        self.posted: list[Escalation] = []
        self.shown: list[Escalation] = []

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        self.posted.append(escalation)
        raise AssertionError("not needed any more")

    async def show_outcome(self, escalation: Escalation) -> None:
        self.shown.append(escalation)


async def test_a_question_is_posted_with_what_was_answered_before(scene: Scene) -> None:
    known, channel = await scene.answered(), FakeChannel()
    question = await scene.asked()
    desk = PostingDesk(
        scene.store, scene.store, channel, remembering=scene.remembering, clock=scene.clock
    )
    with pytest.raises(AssertionError, match="not needed"):
        await desk.post(question.id)
    (posted,) = channel.posted
    assert [each.id for each in posted.precedents or ()] == [known.id]
