"""Which files of an answer are passed on, which images are kept, and what is said of the others."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from support.make import an_ask, an_outcome

from escalation_worker.answering import Answering
from escalation_worker.attaching import Attaching, ImageRoom
from escalation_worker.operators import Operators
from shared.answer_form import AnswerForm
from shared.attachment import UNKNOWN_TYPE
from shared.errors import StoreUncertainError
from shared.escalation import DEFAULT_BOT, Escalation, Outcome, State
from shared.memory.answer_files import MemoryAnswerFiles
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import utc_now
from shared.ports.escalations import Concluded
from shared.ports.hold import Hold
from shared.ports.replies import InboundReply, OfferedFile, ReplyVerdict
from shared.routes.route import Attachments

PNG = b"\x89PNG\r\n\x1a\n a small one"
FORM = AnswerForm.model_validate({"type": "object", "properties": {"a": {"type": "string"}}})


def a_file(
    name: str = "photo.png",
    media_type: str | None = "image/png",
    *,
    size: int = len(PNG),
    url: str | None = None,
) -> OfferedFile:
    """Make a file as a channel describes it."""
    return OfferedFile(name, url or f"https://cdn/{name}", media_type, size)


def a_reply(
    escalation: Escalation,
    *files: OfferedFile,
    text: str = "",
    person: str = "111",
    source: str = "m1",
    hold: Hold | None = None,
) -> InboundReply:
    """Make a reply of Maya's."""
    return InboundReply(
        escalation_id=escalation.id,
        text=text,
        person_id=person,
        person_name="Maya",
        person_roles=frozenset(),
        channel="discord",
        source=source,
        at=utc_now(),
        hold=hold,
        files=files,
    )


@dataclass
class Desk:
    """A store, a channel that serves files, and what was read from it."""

    limits: Attachments = field(default_factory=Attachments)
    served: dict[str, bytes] = field(default_factory=dict[str, bytes])
    read: list[str] = field(default_factory=list[str])
    room: ImageRoom = field(default_factory=ImageRoom)
    store: MemoryEscalations = field(default_factory=MemoryEscalations)

    def __post_init__(self) -> None:
        self.files = MemoryAnswerFiles(self.store)
        self.attaching = Attaching(
            self.store, self.files, lambda _: self.limits, self.fetch, room=self.room
        )
        operators = Operators(people=frozenset({"111"}))
        self.answering = Answering(self.store, operators, self.attaching)

    async def fetch(self, url: str, limit: int) -> bytes | None:
        self.read.append(url)
        content = self.served.get(url, PNG)
        return content if len(content) <= limit else None

    async def asked(self, **shape: object) -> Escalation:
        return (await self.store.accept(an_ask(**shape))).escalation  # type: ignore[arg-type]

    async def outcome(self, escalation: Escalation) -> Outcome:
        read = await self.store.get(escalation.id)
        assert read is not None
        assert read.outcome is not None
        return read.outcome


async def test_files_come_with_the_answer_and_a_small_image_is_kept_for_it() -> None:
    desk = Desk()
    asked = await desk.asked()
    pdf = a_file("terms.pdf", "application/pdf; charset=binary", size=3_000_000)
    reply = a_reply(asked, a_file(), pdf, text="As shown.")
    assert await desk.answering.answer(reply) is ReplyVerdict.ACCEPTED
    outcome = await desk.outcome(asked)
    photo, terms = outcome.attachments
    assert (outcome.text, photo.name, photo.size) == ("As shown.", "photo.png", len(PNG))
    assert (terms.media_type, terms.content) == ("application/pdf", None)
    kept = await desk.files.read(asked.id, "m1")
    assert base64.b64decode(kept[photo.content or ""]) == PNG
    assert desk.read == [photo.url]
    assert await desk.attaching.refusals(reply) == []


async def test_a_file_without_a_word_is_an_answer_without_a_text() -> None:
    desk = Desk()
    asked = await desk.asked()
    assert await desk.answering.answer(a_reply(asked, a_file())) is ReplyVerdict.ACCEPTED
    outcome = await desk.outcome(asked)
    assert (outcome.text, len(outcome.attachments)) == (None, 1)


@pytest.mark.parametrize(
    ("limits", "files", "told"),
    [
        (
            Attachments(),
            [a_file("scan.tiff", "application/x-tiff")],
            ["scan.tiff was not passed on: only image/*, application/pdf, text/plain"],
        ),
        (
            Attachments(),
            [a_file("mystery", None)],
            ["mystery was not passed on: only image/*, application/pdf, text/plain"],
        ),
        (
            Attachments(),
            [a_file("odd", "no type at all")],
            ["odd was not passed on: only image/*, application/pdf, text/plain"],
        ),
        (
            Attachments(),
            [a_file("film.png", size=8_000_001)],
            ["film.png was not passed on: it has 8.1 MB, and the limit is 8 MB"],
        ),
        (
            Attachments.model_validate({"size": "500 kB"}),
            [a_file("film.png", size=500_001)],
            ["film.png was not passed on: it has 501 kB, and the limit is 500 kB"],
        ),
        (
            Attachments(count=1),
            [a_file("big.exe", "application/exe"), a_file("a.png"), a_file("b.png")],
            [
                "big.exe was not passed on: only image/*, application/pdf, text/plain",
                "b.png was not passed on: an answer may have at most 1 file",
            ],
        ),
        (
            Attachments(count=0),
            [a_file()],
            ["photo.png was not passed on: no files are passed on here"],
        ),
        (
            Attachments(kinds=()),
            [a_file()],
            ["photo.png was not passed on: no files are passed on here"],
        ),
        (
            Attachments(),
            [a_file(url="javascript:alert(1)")],
            ["photo.png was not passed on: its link can't be passed on"],
        ),
    ],
)
async def test_what_is_over_a_limit_is_said_by_name_while_the_rest_of_the_answer_counts(
    limits: Attachments, files: list[OfferedFile], told: list[str]
) -> None:
    desk = Desk(limits)
    asked = await desk.asked()
    reply = a_reply(asked, *files, text="Yes.")
    assert await desk.answering.answer(reply) is ReplyVerdict.ACCEPTED
    outcome = await desk.outcome(asked)
    assert outcome.text == "Yes."
    assert len(outcome.attachments) == len(files) - len(told)
    found = await desk.attaching.refusals(reply)
    assert len(found) == len(told)
    assert all(said.startswith(begun) for said, begun in zip(found, told, strict=True))


async def test_files_none_of_which_may_be_passed_on_are_no_answer() -> None:
    desk = Desk(Attachments(kinds=("text/plain",)))
    asked = await desk.asked()
    reply = a_reply(asked, a_file(), a_file("b.png"))
    assert await desk.answering.answer(reply) is ReplyVerdict.FILES_REFUSED
    read = await desk.store.get(asked.id)
    assert read is not None
    assert read.state.is_open
    assert len(await desk.attaching.refusals(reply)) == 2
    assert desk.read == []


@pytest.mark.parametrize(
    "shape",
    [{"options": ("Yes", "No"), "options_only": True}, {"form": FORM}, {"approvals_needed": 1}],
)
async def test_where_an_answer_has_a_shape_files_alone_do_not_answer(
    shape: dict[str, object],
) -> None:
    desk = Desk()
    asked = await desk.asked(**shape)
    assert await desk.answering.answer(a_reply(asked, a_file())) is ReplyVerdict.WRONG_SHAPE
    assert desk.read == []


async def test_an_option_may_come_with_a_file() -> None:
    desk = Desk()
    asked = await desk.asked(options=("Yes", "No"), options_only=True)
    reply = a_reply(asked, a_file(), text="yes")
    assert await desk.answering.answer(reply) is ReplyVerdict.ACCEPTED
    outcome = await desk.outcome(asked)
    assert (outcome.text, len(outcome.attachments)) == ("Yes", 1)


async def test_a_file_of_no_type_is_passed_on_where_all_are() -> None:
    desk = Desk(Attachments(kinds=("*/*",)))
    asked = await desk.asked()
    await desk.answering.answer(a_reply(asked, a_file("mystery", None)))
    (file,) = (await desk.outcome(asked)).attachments
    assert file.media_type == UNKNOWN_TYPE


async def test_what_only_claims_to_be_an_image_is_refused_and_that_is_said() -> None:
    desk = Desk(served={"https://cdn/lie.png": b"<html></html>"})
    asked = await desk.asked()
    lie, photo = a_file("lie.png"), a_file()
    alone = a_reply(asked, lie)
    assert await desk.answering.answer(alone) is ReplyVerdict.FILES_REFUSED
    reply = a_reply(asked, lie, photo, source="m2")
    assert await desk.answering.answer(reply) is ReplyVerdict.ACCEPTED
    assert [each.name for each in (await desk.outcome(asked)).attachments] == ["photo.png"]
    for each in (alone, reply):
        (told,) = await desk.attaching.refusals(each)
        assert told == "lie.png was not passed on: it is not what its type says, image/png"


async def test_an_image_that_cannot_be_read_is_passed_on_as_a_link() -> None:
    desk = Desk(served={"https://cdn/photo.png": PNG + b"more than was announced"})
    asked = await desk.asked()
    reply = a_reply(asked, a_file())
    assert await desk.answering.answer(reply) is ReplyVerdict.ACCEPTED
    (photo,) = (await desk.outcome(asked)).attachments
    assert photo.content is None
    assert await desk.files.read(asked.id, "m1") == {}
    assert await desk.attaching.refusals(reply) == []


async def test_images_are_kept_as_far_as_there_is_room() -> None:
    desk = Desk(room=ImageRoom(each=30, in_all=50))
    asked = await desk.asked()
    names = ["one.png", "two.png", "three.png"]
    files = [a_file("large.png", size=31), *(a_file(name) for name in names)]
    await desk.answering.answer(a_reply(asked, *files))
    large, one, two, three = (await desk.outcome(asked)).attachments
    assert [bool(each.content) for each in (large, one, two, three)] == [False, True, True, False]
    assert desk.read == [one.url, two.url]


async def test_without_room_for_images_nothing_is_read() -> None:
    desk = Desk(room=ImageRoom(each=0, in_all=0))
    asked = await desk.asked()
    assert await desk.answering.answer(a_reply(asked, a_file())) is ReplyVerdict.ACCEPTED
    assert desk.read == []


async def test_nothing_of_a_strangers_is_read() -> None:
    desk = Desk()
    reply = a_reply(await desk.asked(), a_file(), person="999")
    assert await desk.answering.answer(reply) is ReplyVerdict.NOT_ALLOWED
    assert desk.read == []


async def test_a_late_answer_has_its_files_too() -> None:
    desk = Desk()
    asked = await desk.asked()
    await desk.store.conclude(asked.id, an_outcome(asked, State.TIMED_OUT, at=utc_now()))
    reply = a_reply(asked, a_file(), source="m2")
    assert await desk.answering.answer(reply) is ReplyVerdict.KEPT_LATE
    read = await desk.store.get(asked.id)
    assert read is not None
    assert read.late_answer is not None
    assert read.late_answer.text is None
    assert read.late_answer.attachments[0].content == "0"
    assert await desk.files.read(asked.id, "m2")


async def test_what_comes_after_the_end_is_not_read() -> None:
    desk = Desk()
    asked = await desk.asked()
    await desk.answering.answer(a_reply(asked, text="Yes"))
    late = a_reply(asked, a_file(), source="m2")
    assert await desk.answering.answer(late) is ReplyVerdict.TOO_LATE
    assert desk.read == []


async def test_refused_files_after_the_end_are_too_late_as_anything_is() -> None:
    desk = Desk(Attachments(count=0))
    asked = await desk.asked()
    await desk.answering.answer(a_reply(asked, text="Yes"))
    late = a_reply(asked, a_file(), source="m2")
    assert await desk.answering.answer(late) is ReplyVerdict.TOO_LATE


class Overtaken(MemoryEscalations):
    """A store in which somebody else's answer comes while files are read."""

    async def conclude(
        self, escalation_id: str, outcome: Outcome, hold: Hold | None = None
    ) -> Concluded | None:
        if outcome.source != "first":
            first = outcome.model_copy(update={"source": "first", "attachments": ()})
            await super().conclude(escalation_id, first)
        return await super().conclude(escalation_id, outcome, hold)


async def test_images_of_an_answer_that_came_too_late_are_dropped() -> None:
    desk = Desk(store=Overtaken())
    asked = await desk.asked()
    assert await desk.answering.answer(a_reply(asked, a_file())) is ReplyVerdict.TOO_LATE
    assert desk.read
    assert await desk.files.read(asked.id, "m1") == {}


async def test_what_a_dead_worker_kept_of_it_is_dropped_when_it_is_heard_again() -> None:
    desk = Desk()
    asked = await desk.asked()
    await desk.files.keep(asked.id, "m1", {"0": "aW1hZ2U="})
    await desk.answering.answer(a_reply(asked, text="Yes", source="m2"))
    assert await desk.answering.answer(a_reply(asked, a_file())) is ReplyVerdict.TOO_LATE
    assert await desk.files.read(asked.id, "m1") == {}


async def test_the_same_message_heard_twice_keeps_its_images() -> None:
    desk = Desk()
    asked = await desk.asked()
    reply = a_reply(asked, a_file())
    assert await desk.answering.answer(reply) is ReplyVerdict.ACCEPTED
    assert await desk.answering.answer(reply) is ReplyVerdict.REPEATED
    assert await desk.files.read(asked.id, "m1")
    assert await desk.attaching.refusals(reply) == []


async def test_what_a_relieved_listener_heard_is_left_to_the_new_one_with_its_files() -> None:
    desk = Desk()
    asked = await desk.asked()
    desk.store.fences[DEFAULT_BOT, 0] = 2
    reply = a_reply(asked, a_file(), hold=Hold(0, 1))
    assert await desk.answering.answer(reply) is ReplyVerdict.FENCED
    assert await desk.files.read(asked.id, "m1") == {}
    heard = replace(reply, hold=Hold(0, 2))
    assert await desk.answering.answer(heard) is ReplyVerdict.ACCEPTED
    assert await desk.files.read(asked.id, "m1")


class Away(MemoryAnswerFiles):
    """Redis goes away while images are kept."""

    async def keep(
        self,
        escalation_id: str,
        source: str,
        contents: Mapping[str, str],
        hold: Hold | None = None,
    ) -> bool:
        raise StoreUncertainError("Redis did not answer in time")


async def test_an_answer_whose_images_may_not_be_kept_is_not_decided_yet() -> None:
    desk = Desk()
    attaching = Attaching(
        desk.store, Away(desk.store), lambda _: desk.limits, desk.fetch, room=desk.room
    )
    answering = Answering(desk.store, Operators(people=frozenset({"111"})), attaching)
    asked = await desk.asked()
    with pytest.raises(StoreUncertainError):
        await answering.answer(a_reply(asked, a_file()))
    read = await desk.store.get(asked.id)
    assert read is not None
    assert read.state.is_open


async def test_without_files_nothing_more_is_asked_of_the_store() -> None:
    desk = Desk()
    asked = await desk.asked()
    attaching = Attaching(
        desk.store, Away(desk.store), lambda _: desk.limits, desk.fetch, room=desk.room
    )
    answering = Answering(desk.store, Operators(people=frozenset({"111"})), attaching)
    assert await answering.answer(a_reply(asked, text="Yes")) is ReplyVerdict.ACCEPTED
    assert await answering.answer(a_reply(asked, text="No", source="m2")) is ReplyVerdict.TOO_LATE


async def test_files_of_several_messages_that_are_one_answer_count_together() -> None:
    desk = Desk(Attachments(count=2))
    asked = await desk.asked()
    first, second = (a_file("a.png"), a_file("b.png")), (a_file("c.png"),)
    joined = a_reply(asked, *first, *second, text="One.\nTwo.")
    assert await desk.answering.answer(joined) is ReplyVerdict.ACCEPTED
    assert [each.name for each in (await desk.outcome(asked)).attachments] == ["a.png", "b.png"]
    (told,) = await desk.attaching.refusals(joined)
    assert told.startswith("c.png ")
