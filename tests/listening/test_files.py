"""Files that operators send along with an answer, from their message to the record."""

from __future__ import annotations

import asyncio
import base64

import pytest
from discord_double import Upload
from discord_double.model import Thread
from discord_double.reading import text_of
from support.discord_views import said_by_bot, until_told
from support.make import an_outcome

from listening.conftest import CHANNEL_ROUTE, Scene, in_force
from shared.attachment import Attachment
from shared.escalation import Escalation, Outcome, State
from shared.ports.clock import utc_now
from shared.routes.route import Attachments

PNG = b"\x89PNG\r\n\x1a\n" + b"a small one" * 20
PHOTO = Upload("photo.png", PNG)
TERMS = Upload("terms.pdf", b"%PDF-1.7")


async def answered(scene: Scene, escalation: Escalation) -> Outcome:
    """Wait for the answer."""
    ended = await scene.until_ended(escalation)
    assert ended.state is State.ANSWERED
    assert ended.outcome is not None
    return ended.outcome


async def image(scene: Scene, escalation: Escalation, outcome: Outcome, file: Attachment) -> bytes:
    """Read an image that was kept."""
    assert file.content is not None
    kept = await scene.stores.files.read(escalation.id, outcome.source or "")
    return base64.b64decode(kept[file.content])


async def test_files_are_passed_on_with_the_words_and_named_in_the_outcome(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        thread = scene.thread(asked)
        await scene.double.person("Maya").write(thread, "This one.", files=[PHOTO, TERMS])
        outcome = await answered(scene, asked)
        photo, terms = outcome.attachments
        assert outcome.text == "This one."
        assert (photo.name, photo.media_type, photo.size) == ("photo.png", "image/png", len(PNG))
        assert (terms.name, terms.media_type, terms.content) == (
            "terms.pdf",
            "application/pdf",
            None,
        )
        assert await image(scene, asked, outcome, photo) == PNG
        await worker.concluding.show_outcome(asked.id)
        shown = text_of(scene.starter(asked))
        assert "Answered by Maya" in shown
        assert "with photo.png, terms.pdf" in shown
        assert said_by_bot(scene.double, thread) == []


async def test_images_expire_with_the_record_of_their_question(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        await scene.double.person("Maya").write(scene.thread(asked), files=[PHOTO])
        outcome = await answered(scene, asked)
        kept = scene.keys.files(asked.id, outcome.source or "")
        record, images = [
            await scene.redis.pttl(key) for key in (scene.keys.record(asked.id), kept)
        ]
        assert 0 < images <= record + 1_000
        assert images > record - 1_000


async def test_a_file_alone_is_an_answer(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        await scene.double.person("Maya").write(
            scene.thread(asked), files=[Upload("Größe 42.png", PNG)]
        )
        outcome = await answered(scene, asked)
        assert outcome.text is None
        assert [each.name for each in outcome.attachments] == ["Größe 42.png"]


async def test_what_is_refused_is_said_by_name_and_the_rest_counts(scene: Scene) -> None:
    route = CHANNEL_ROUTE.model_copy(
        update={
            "attachments": Attachments.model_validate(
                {"count": 1, "size": "1 kB", "kinds": ["image/*", "audio/*"]}
            )
        }
    )
    worker = scene.make_worker(routes=in_force(route))
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "which?")
        thread = scene.thread(asked)
        files = [
            Upload("@everyone **scan**.tiff", b"II*", content_type="application/x-tiff"),
            Upload("mystery", b"?", content_type=""),
            Upload("large.png", PNG * 10),
            PHOTO,
            Upload("second.png", PNG),
        ]
        await scene.double.person("Maya").write(thread, "Look.", files=files)
        outcome = await answered(scene, asked)
        assert [each.name for each in outcome.attachments] == ["photo.png"]
        told = await until_told(scene.double, thread, "was not passed on")
        assert told.content.replace("\\", "").replace("\u200b", "").splitlines() == [
            "@everyone **scan**.tiff was not passed on: only image/*, audio/*",
            "mystery was not passed on: only image/*, audio/*",
            "large.png was not passed on: it has 3 kB, and the limit is 1 kB",
            "second.png was not passed on: an answer may have at most 1 file",
        ]
        assert "\\*\\*scan" in told.content
        assert not told.mentions.everyone
        # Heard again, it is not said again.
        await worker.client.catch_up()
        assert len(said_by_bot(scene.double, thread)) == 1


async def test_files_all_of_which_are_refused_are_no_answer_and_that_is_said(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        thread = scene.thread(asked)
        maya = scene.double.person("Maya")
        await maya.write(thread, files=[Upload("run.exe", b"MZ")])
        told = await until_told(scene.double, thread, "run.exe was not passed on")
        assert "So nothing was passed on" in told.content
        assert (await scene.read(asked)).state.is_open
        await maya.write(thread, "Then in words.")
        assert (await answered(scene, asked)).text == "Then in words."


async def test_a_file_that_lies_about_its_type_is_refused(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        thread = scene.thread(asked)
        lie = Upload("lie.png", b"<script>alert(1)</script>", content_type="image/png")
        await scene.double.person("Maya").write(thread, "See.", files=[lie])
        outcome = await answered(scene, asked)
        assert (outcome.text, outcome.attachments) == ("See.", ())
        await until_told(scene.double, thread, "lie.png was not passed on: it is not what its type")


@pytest.mark.parametrize("trouble", ["failing", "dropping", "slow", "too large"])
async def test_an_image_that_cannot_be_read_is_passed_on_as_a_link(
    scene: Scene, trouble: str
) -> None:
    faults, file = scene.double.faults, PHOTO
    match trouble:
        case "failing":
            faults.fail(503, times=None, path="/attachments/")
        case "dropping":
            faults.drop(times=None, path="/attachments/")
        case "slow":
            faults.slow(20, times=None, path="/attachments/")
        case _:
            file = Upload("photo.png", PNG, size=len(PNG) - 1)
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        await scene.double.person("Maya").write(scene.thread(asked), "This.", files=[file])
        outcome = await answered(scene, asked)
        (photo,) = outcome.attachments
        assert (outcome.text, photo.name, photo.content) == ("This.", "photo.png", None)
        assert scene.double.cdn.requests
        assert await scene.stores.files.read(asked.id, outcome.source or "") == {}
        faults.lift()


async def test_files_written_while_nobody_listened_are_passed_on(scene: Scene) -> None:
    asked = await scene.asked_before("Missed?")
    await scene.vouch()
    await scene.double.person("Maya").write(scene.thread(asked), files=[PHOTO])
    async with asyncio.timeout(30), scene.listening():
        outcome = await answered(scene, asked)
        (photo,) = outcome.attachments
        assert await image(scene, asked, outcome, photo) == PNG


async def test_a_late_answer_has_its_files_too(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        ended = an_outcome(asked, State.TIMED_OUT, at=utc_now(), source=None)
        await scene.store.conclude(asked.id, ended)
        thread = scene.thread(asked)
        files = [PHOTO, Upload("run.exe", b"MZ")]
        await scene.double.person("Maya").write(thread, files=files)
        told = await until_told(scene.double, thread, "late answer")
        assert "run.exe was not passed on" in told.content
        late = (await scene.read(asked)).late_answer
        assert late is not None
        (photo,) = late.attachments
        assert await image(scene, asked, late, photo) == PNG


async def test_without_the_intent_files_are_not_seen_until_the_bot_is_mentioned(
    scene: Scene,
) -> None:
    scene.double.bot.message_content = False
    worker = scene.make_worker(message_content=False)
    async with asyncio.timeout(30), scene.listening(worker):
        asked = await scene.ask(worker, "which?")
        thread, maya = scene.thread(asked), scene.double.person("Maya")
        await maya.write(thread, files=[PHOTO])
        await until_told(scene.double, thread, "I can't read this message")
        await maya.write(thread, f"<@{scene.double.bot.user.id}>", files=[PHOTO])
        outcome = await answered(scene, asked)
        assert (outcome.text, len(outcome.attachments)) == (None, 1)


async def test_a_strangers_files_are_neither_read_nor_spoken_of(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        thread = scene.thread(asked)
        files = [PHOTO, Upload("run.exe", b"MZ")]
        await scene.double.person("Mallory").write(thread, "free!", files=files)
        told = await until_told(scene.double, thread, "Only the operators")
        assert "run.exe" not in told.content
        assert scene.double.cdn.requests == []


async def test_files_with_a_question_back_stay_where_they_are(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?")
        thread = scene.thread(asked)
        await scene.double.person("Maya").write(thread, "? Such a one?", files=[PHOTO])
        told = await until_told(scene.double, thread, "The agent was asked")
        assert "only an answer passes files on" in told.content
        assert scene.double.cdn.requests == []


async def test_files_alone_do_not_answer_where_something_is_to_be_chosen(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "which?", options=("A", "B"), options_only=True)
        thread: Thread = scene.thread(asked)
        await scene.double.person("Maya").write(thread, files=[PHOTO])
        await until_told(scene.double, thread, "use the buttons")
        assert (await scene.read(asked)).state.is_open


async def test_what_is_said_of_a_file_is_said_by_the_next_listener_when_the_first_died(
    scene: Scene,
) -> None:
    asked = await scene.asked_before("Died?")
    await scene.vouch()
    thread = scene.thread(asked)
    message = await scene.double.person("Maya").write(
        thread, "Look.", files=[Upload("run.exe", b"MZ")]
    )
    # As the first left it: the answer counts, its cursor stands before it, and nothing was said.
    outcome = an_outcome(asked, at=utc_now(), text="Look.", source=str(message.id))
    await scene.store.conclude(asked.id, outcome)
    async with asyncio.timeout(30), scene.listening():
        await until_told(scene.double, thread, "run.exe was not passed on")
