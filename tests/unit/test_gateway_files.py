"""What a caller gets of the files of an answer."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fakeredis import FakeAsyncRedis
from mcp import Client
from mcp_types import CallToolResult, ImageContent, ResourceLink, TextContent
from support.discord_views import structured
from support.gateway import asking_over, build_server
from support.make import a_correction, an_ask, an_outcome

from mcp_gateway.app import build_app
from mcp_gateway.asking import Asking
from mcp_gateway.settings import LOOPBACK_AGENT, GatewaySettings
from shared.attachment import Attachment
from shared.errors import StoreUnavailableError
from shared.escalation import Escalation, State
from shared.memory.answer_files import MemoryAnswerFiles
from shared.memory.corrections import MemoryCorrections
from shared.memory.escalations import MemoryEscalations
from shared.ports.answer_files import AnswerFiles
from shared.ports.clock import utc_now
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore

IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
PHOTO = Attachment(
    name="photo.png",
    url="https://cdn/1/photo.png?ex=1",
    media_type="image/png",
    size=8,
    content="0",
)
TERMS = Attachment(
    name="terms.pdf", url="https://cdn/2/terms.pdf", media_type="application/pdf", size=3_000_000
)
IN_WORDS = {
    "name": "terms.pdf",
    "url": "https://cdn/2/terms.pdf",
    "media_type": "application/pdf",
    "size": 3_000_000,
}
SETTINGS = GatewaySettings(_env_file=None)  # pyright: ignore[reportCallIssue]


class Away(MemoryAnswerFiles):
    """Redis is away when the images are to be read."""

    async def read(self, escalation_id: str, source: str) -> Mapping[str, str]:
        raise StoreUnavailableError("Redis can't be reached")


class Unasked(MemoryAnswerFiles):
    """Nobody should ask."""

    async def read(self, escalation_id: str, source: str) -> Mapping[str, str]:
        raise AssertionError("a call that no answer without images should cost")


def an_asking(store: MemoryEscalations, files: AnswerFiles) -> Asking:
    """Make the use-case over this store."""
    return asking_over(store, files=files)


def a_client(store: MemoryEscalations, files: AnswerFiles, **options: Any) -> Client:
    """Make a client of a gateway over this store. Open it in the test."""
    return Client(build_server(an_asking(store, files), SETTINGS), **options)


async def answered(
    store: MemoryEscalations,
    files: AnswerFiles,
    *attachments: Attachment,
    text: str | None = "This one.",
    late: bool = False,
    grace: timedelta | None = None,
) -> Escalation:
    """Make a question whose answer came with these files."""
    asked = (await store.accept(an_ask(agent=LOOPBACK_AGENT))).escalation
    answer = an_outcome(asked, at=utc_now(), text=text)
    until = answer.at + grace if grace else None
    answer = answer.model_copy(update={"attachments": attachments, "correctable_until": until})
    await files.keep(asked.id, "m1", {"0": IMAGE})
    if late:
        await store.conclude(asked.id, an_outcome(asked, State.TIMED_OUT, at=utc_now()))
        await store.keep_late_answer(asked.id, answer)
    else:
        await store.conclude(asked.id, answer)
    return asked


async def check(client: Client, asked: Escalation) -> CallToolResult:
    """Ask a gateway for the answer."""
    async with asyncio.timeout(10), client as agent:
        result = await agent.call_tool("check_answer", {"escalation_id": asked.id})
        assert isinstance(result, CallToolResult)
        return result


def text_of(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_behind_the_answer_come_its_images_and_a_link_for_each_file(mode: str) -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO, TERMS)
    result = await check(a_client(store, files, mode=mode), asked)
    assert text_of(result) == "This one."
    _, image, photo, terms = result.content
    assert isinstance(image, ImageContent)
    assert (image.data, image.mime_type) == (IMAGE, "image/png")
    assert isinstance(photo, ResourceLink)
    assert isinstance(terms, ResourceLink)
    assert (terms.uri, terms.name, terms.title, terms.mime_type, terms.size) == (
        TERMS.url,
        "terms.pdf",
        "terms.pdf",
        "application/pdf",
        3_000_000,
    )
    assert photo.uri == PHOTO.url
    told = structured(result)
    assert told["answer"] == "This one."
    assert told["attachments"][1] == IN_WORDS
    assert "content" not in told["attachments"][0]
    assert told["late_attachments"] == []
    assert "about a day" in told["next"]


async def test_files_alone_are_an_answer_that_says_so() -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO, TERMS, text=None)
    result = await check(a_client(store, files), asked)
    assert text_of(result) == "See the attached files: photo.png, terms.pdf"
    told = structured(result)
    assert (told["status"], told["answer"], len(told["attachments"])) == ("answered", None, 2)
    assert told["seconds_to_answer"] is not None


@pytest.mark.parametrize("text", [None, "Sorry, this one."])
async def test_a_late_answers_files_are_told_as_such(text: str | None) -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO, text=text, late=True)
    result = await check(a_client(store, files), asked)
    said = text or "See the attached files: photo.png"
    assert text_of(result) == (
        f"Nobody answered in time. After the deadline a person answered: {said}"
    )
    assert [each.type for each in result.content] == ["text", "image", "resource_link"]
    told = structured(result)
    assert (told["status"], told["attachments"]) == ("timed_out", [])
    assert told["late_attachments"][0]["name"] == "photo.png"


@pytest.mark.parametrize("kept", ["expired", "unreadable now"])
async def test_an_image_that_is_not_there_leaves_the_answer_and_the_link(kept: str) -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO)
    await files.forget(asked.id, "m1")
    reading = files if kept == "expired" else Away(store)
    result = await check(a_client(store, reading), asked)
    assert not result.is_error
    assert text_of(result) == "This one."
    assert [each.type for each in result.content] == ["text", "resource_link"]


@pytest.mark.parametrize("attachments", [(), (TERMS,)])
async def test_an_answer_without_images_costs_no_call_for_them(
    attachments: tuple[Attachment, ...],
) -> None:
    store = MemoryEscalations()
    files = Unasked(store)
    asked = await answered(store, files, *attachments)
    result = await check(a_client(store, files), asked)
    assert len(result.content) == 1 + len(attachments)


async def test_a_delivery_that_is_confirmed_gives_no_files_again() -> None:
    store = MemoryEscalations()
    files = Unasked(store)
    asked = await answered(store, files, PHOTO)
    async with asyncio.timeout(10), a_client(store, files) as agent:
        result = await agent.call_tool("confirm_delivery", {"escalation_id": asked.id})
    assert [each.type for each in result.content] == ["text"]


async def test_a_question_that_is_cancelled_too_late_gives_its_answer_with_the_files() -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO)
    async with asyncio.timeout(10), a_client(store, files) as agent:
        result = await agent.call_tool("cancel_question", {"escalation_id": asked.id})
    assert [each.type for each in result.content] == ["text", "image", "resource_link"]


@pytest.mark.parametrize(
    ("revision", "types"),
    [
        ("2024-11-05", ["text", "image", "text"]),
        ("2025-03-26", ["text", "image", "text"]),
        ("2025-06-18", ["text", "image", "resource_link"]),
        ("2025-11-25", ["text", "image", "resource_link"]),
    ],
)
async def test_a_client_of_an_old_revision_gets_its_links_in_words(
    revision: str, types: list[str]
) -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO)
    app = build_app(
        build_server(an_asking(store, files), SETTINGS),
        RedisEscalationStore(FakeAsyncRedis(), Keys()),
        SETTINGS,
    )
    headers = {
        "Host": "localhost",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": revision,
    }
    call = {"name": "check_answer", "arguments": {"escalation_id": asked.id}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    async with (
        asyncio.timeout(10),
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://gateway"
        ) as client,
    ):
        response = await client.post("/mcp", json=body, headers=headers)
    (line,) = (each for each in response.text.splitlines() if each.startswith("data: {"))
    content = json.loads(line.removeprefix("data: "))["result"]["content"]
    assert [each["type"] for each in content] == types
    assert content[0]["text"] == "This one."
    if types[2] == "text":
        assert content[2]["text"] == f"photo.png (image/png, 8 bytes): {PHOTO.url}"
    else:
        assert (content[2]["uri"], content[2]["mimeType"]) == (PHOTO.url, "image/png")


@pytest.mark.parametrize("text", [None, "This one."])
async def test_a_correction_of_an_answer_with_files_gives_them_once(text: str | None) -> None:
    store = MemoryEscalations()
    files = MemoryAnswerFiles(store)
    asked = await answered(store, files, PHOTO, text=text, grace=timedelta(minutes=2))
    first = await check(a_client(store, files), asked)
    known = await store.get(asked.id)
    assert known is not None
    edited = a_correction(known, "The red one.", seconds=5)
    await MemoryCorrections(store).correct(asked.id, edited)
    second = await check(a_client(store, files), asked)
    assert second.content[1:] == first.content[1:]
    told = structured(second)
    assert (told["answer"], told["late_answer"]) == (text, "The red one.")
    assert (len(told["attachments"]), told["late_attachments"]) == (1, [])
    before = text or "See the attached files: photo.png"
    assert f"It is now: The red one.\nBefore, it was: {before}" in text_of(second)
    assert "Files came with it" in told["next"]
