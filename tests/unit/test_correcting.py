"""Somebody edits what they wrote: whose edits count, and what becomes of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.make import an_ask, an_outcome

from escalation_worker.answering import Answering
from escalation_worker.correcting import Correcting
from escalation_worker.operators import Operators
from shared.escalation import DEFAULT_BOT, Escalation, State
from shared.memory.corrections import MemoryCorrections
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, ReplyVerdict

GRACE = timedelta(minutes=2)


class Scene:
    """A question, and Maya's message about it. Who may act is what a test changes."""

    def __init__(self, *, grace: timedelta = GRACE) -> None:
        self.store = MemoryEscalations()
        self.people = {"111", "222"}
        self.grace = grace
        self.asked: Escalation | None = None
        self.message: InboundReply | None = None

    async def answer(
        self, text: str = "Yes, 10 %", *, joined: tuple[str, ...] = (), **shape: object
    ) -> ReplyVerdict:
        """Let Maya answer in a message, or in several that are joined."""
        self.asked = (await self.store.accept(an_ask(**shape))).escalation  # type: ignore[arg-type]
        self.message = InboundReply(
            escalation_id=self.asked.id,
            text=text,
            person_id="111",
            person_name="Maya",
            person_roles=frozenset(),
            channel="discord",
            source="m1",
            at=utc_now(),
            editable=not joined,
            joined=joined,
        )
        answering = Answering(self.store, self._operators, grace_of=lambda _: self.grace)
        return await answering.answer(self.message)

    async def edit(self, text: str, *, seconds: float = 5, **changes: object) -> ReplyVerdict:
        """Let the message be edited so long after it was written."""
        assert self.message is not None
        edit = replace(self.message, text=text, at=self.message.at + timedelta(seconds=seconds))
        edit = replace(edit, **changes)  # type: ignore[arg-type]
        correcting = Correcting(self.store, MemoryCorrections(self.store), self._operators)
        return await correcting.edited(edit)

    async def now(self) -> Escalation:
        """Read the question."""
        assert self.asked is not None
        found = await self.store.get(self.asked.id)
        assert found is not None
        return found

    async def texts(self) -> tuple[str | None, str | None]:
        """Read the answer, and the correction beside it."""
        now = await self.now()
        outcome, late = now.outcome, now.late_answer
        return outcome.text if outcome else None, late.text if late else None

    @property
    def _operators(self) -> Operators:
        return Operators(people=frozenset(self.people))


async def test_an_edit_before_the_agent_has_the_answer_corrects_it() -> None:
    scene = Scene()
    assert await scene.answer() is ReplyVerdict.ACCEPTED
    assert await scene.edit("  Yes, 15 % ") is ReplyVerdict.CORRECTED
    assert await scene.texts() == ("Yes, 15 %", None)
    assert await scene.edit("  Yes, 15 % ") is ReplyVerdict.REPEATED


async def test_an_edit_after_that_is_a_correction_beside_it() -> None:
    scene = Scene()
    await scene.answer()
    await scene.store.hand_over((await scene.now()).id)
    assert await scene.edit("Yes, 15 %") is ReplyVerdict.CORRECTION_KEPT
    assert await scene.texts() == ("Yes, 10 %", "Yes, 15 %")
    assert await scene.edit("Yes, 20 %", seconds=6) is ReplyVerdict.CORRECTION_KEPT
    assert await scene.edit("Yes, 15 %", seconds=5) is ReplyVerdict.REPEATED, "an older edit"
    await scene.store.hand_over((await scene.now()).id)
    assert await scene.edit("Yes, 25 %", seconds=7) is ReplyVerdict.EDITED_TOO_LATE
    assert await scene.texts() == ("Yes, 10 %", "Yes, 20 %")


async def test_what_says_the_same_as_before_is_no_edit() -> None:
    scene = Scene()
    await scene.answer()
    scene.people.clear()
    assert await scene.edit("Yes, 10 %", seconds=1) is ReplyVerdict.REPEATED
    assert await scene.texts() == ("Yes, 10 %", None)


@pytest.mark.parametrize("seconds", [120.001, 3600])
async def test_after_its_time_the_answer_stands(seconds: float) -> None:
    scene = Scene()
    await scene.answer()
    assert await scene.edit("No", seconds=seconds) is ReplyVerdict.EDITED_TOO_LATE
    assert await scene.texts() == ("Yes, 10 %", None)


async def test_without_a_grace_every_edit_is_too_late_and_nothing_needs_handing_over() -> None:
    scene = Scene(grace=timedelta(0))
    await scene.answer()
    assert not (await scene.now()).may_still_change
    assert await scene.edit("No", seconds=0.001) is ReplyVerdict.EDITED_TOO_LATE
    assert await scene.texts() == ("Yes, 10 %", None)


async def test_what_is_no_message_can_not_be_corrected() -> None:
    scene = Scene()
    await scene.answer()
    assert scene.message is not None
    click = replace(scene.message, source="click-1", editable=False)
    asked = (await scene.store.accept(an_ask("Another?"))).escalation
    answering = Answering(
        scene.store, Operators(people=frozenset({"111"})), grace_of=lambda _: GRACE
    )
    await answering.answer(replace(click, escalation_id=asked.id))
    clicked = await scene.store.get(asked.id)
    assert clicked is not None
    assert clicked.outcome is not None
    assert clicked.outcome.correctable_until is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", ReplyVerdict.UNREADABLE),
        (" \n", ReplyVerdict.UNREADABLE),
        ("x" * 4001, ReplyVerdict.UNREADABLE),
        ("? How many?", ReplyVerdict.TOO_LATE),
    ],
)
async def test_what_can_not_be_an_answer_corrects_none(text: str, verdict: ReplyVerdict) -> None:
    scene = Scene()
    await scene.answer()
    assert await scene.edit(text) is verdict
    assert await scene.texts() == ("Yes, 10 %", None)


async def test_where_only_options_will_do_the_edit_must_be_one_of_them() -> None:
    scene = Scene()
    await scene.answer("yes", options=("Yes", "No"), options_only=True)
    assert await scene.edit("Perhaps") is ReplyVerdict.WRONG_SHAPE
    assert await scene.edit("YES", seconds=6) is ReplyVerdict.REPEATED
    assert await scene.edit("no", seconds=7) is ReplyVerdict.CORRECTED
    assert await scene.texts() == ("No", None)


async def test_who_may_no_longer_answer_corrects_nothing() -> None:
    scene = Scene()
    await scene.answer()
    scene.people.remove("111")
    assert await scene.edit("No") is ReplyVerdict.NOT_ALLOWED
    assert await scene.texts() == ("Yes, 10 %", None)


@pytest.mark.parametrize("changes", [{"source": "m2"}, {"person_id": "222"}])
async def test_another_message_or_person_is_nobodys_business(changes: dict[str, Any]) -> None:
    scene = Scene()
    await scene.answer()
    assert await scene.edit("No", **changes) is ReplyVerdict.NOT_THE_ANSWER
    assert await scene.texts() == ("Yes, 10 %", None)


async def test_an_edit_before_there_is_an_answer_is_nobodys_business() -> None:
    scene = Scene()
    await scene.answer("")
    assert (await scene.now()).state.is_open
    assert await scene.edit("Yes") is ReplyVerdict.NOT_THE_ANSWER
    assert await scene.edit("Yes", escalation_id="unknown") is ReplyVerdict.UNKNOWN
    assert (await scene.now()).state.is_open


async def test_a_late_answer_stands_as_it_was_first_written() -> None:
    scene = Scene()
    await scene.answer("")
    asked = await scene.now()
    timed_out = an_outcome(asked, State.TIMED_OUT, at=utc_now(), source=None)
    await scene.store.conclude(asked.id, timed_out)
    await scene.store.keep_late_answer(asked.id, an_outcome(asked, at=utc_now()))
    assert await scene.edit("No") is ReplyVerdict.EDITED_TOO_LATE
    assert await scene.texts() == (None, "Yes, 10 %.")


async def test_an_edit_that_a_relieved_listener_heard_is_left_to_the_new_one() -> None:
    scene = Scene()
    await scene.answer()
    scene.store.fences[DEFAULT_BOT, 0] = 2
    assert await scene.edit("No", hold=Hold(0, 1)) is ReplyVerdict.FENCED
    assert await scene.edit("No", hold=Hold(0, 2)) is ReplyVerdict.CORRECTED


async def test_a_corrected_answer_keeps_when_and_by_whom_it_was_given() -> None:
    scene = Scene()
    await scene.answer()
    before = (await scene.now()).outcome
    await scene.edit("Yes, 15 %")
    after = (await scene.now()).outcome
    assert before is not None
    assert after is not None
    assert scene.message is not None
    edited: datetime = scene.message.at + timedelta(seconds=5)
    assert after.corrected_at is not None
    assert edited - after.corrected_at < timedelta(milliseconds=1)
    assert after == before.model_copy(
        update={"text": "Yes, 15 %", "corrected_at": after.corrected_at}
    )


@pytest.mark.parametrize("part", ["m0", "m1"])
@pytest.mark.parametrize("text", ["No", "? or not", "", "Yes, 10 %"])
async def test_no_part_of_what_was_joined_can_be_corrected_and_its_author_is_told(
    part: str, text: str
) -> None:
    scene = Scene()
    await scene.answer("Yes,\n10 %", joined=("m0",))
    assert await scene.edit(text, source=part) is ReplyVerdict.EDITED_TOO_LATE
    assert await scene.edit(text, source=part, seconds=-1) is ReplyVerdict.REPEATED
    assert await scene.edit(text, source=part, person_id="222") is ReplyVerdict.NOT_THE_ANSWER
    assert await scene.texts() == ("Yes,\n10 %", None)


async def test_what_was_edited_before_it_was_sent_is_a_part_of_the_answer() -> None:
    """A pin tells of the message once more, with the edit of before."""
    scene = Scene()
    await scene.answer()
    assert await scene.edit("10 %", seconds=-1) is ReplyVerdict.REPEATED
    assert await scene.texts() == ("Yes, 10 %", None)
