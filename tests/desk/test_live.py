"""What the page sees without asking: questions as they come, and how they end."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import pytest
from support.clock import SteppedClock
from support.make import an_ask, an_outcome

from desk.conftest import a_desk
from escalation_worker.desk.app import STATIC
from escalation_worker.desk.board import PAGE_BACKLOG, RECENT_KEPT, Board
from escalation_worker.desk.serving import serve_desk
from escalation_worker.desk.views import QuestionView, Snapshot, Trouble, view_of
from escalation_worker.supervisor import NeedsMendingError
from hitl.demo.streams import open_stream
from hitl.embedded_redis import free_port
from shared.attachment import Attachment
from shared.errors import StoreUnavailableError
from shared.escalation import State
from shared.memory.escalations import MemoryEscalations

SOON = 5.0


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> MemoryEscalations:
    return MemoryEscalations(clock=clock)


@pytest.fixture
async def board(store: MemoryEscalations, clock: SteppedClock) -> AsyncGenerator[Board]:
    """Build a board that follows the store."""
    board = Board(store, store, operator_name="Operator", login=False, clock=clock)
    page = board.events()
    async with asyncio.timeout(SOON):
        assert isinstance(await anext(page), Snapshot)
        running = asyncio.create_task(board.run())
        # The board's own first look makes it send one more: from here on it follows the store.
        assert isinstance(await anext(page), Snapshot)
    await page.aclose()
    yield board
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def a_page(board: Board) -> AsyncGenerator[AsyncGenerator[Snapshot | QuestionView | Trouble]]:
    """Open a page, past its first snapshot, so that only changes follow."""
    page = board.events()
    try:
        async with asyncio.timeout(SOON):
            assert isinstance(await anext(page), Snapshot)
        yield page
    finally:
        await page.aclose()


async def test_a_page_is_pushed_a_new_question_and_then_its_outcome(
    board: Board, store: MemoryEscalations, clock: SteppedClock
) -> None:
    async with a_page(board) as page, asyncio.timeout(SOON):
        question = (await store.accept(an_ask())).escalation
        asked = await anext(page)
        assert isinstance(asked, QuestionView)
        assert (asked.id, asked.open, asked.state) == (question.id, True, State.QUEUED)

        await store.conclude(question.id, an_outcome(question, at=clock()))
        ended = await anext(page)
        assert isinstance(ended, QuestionView)
        assert ended.outcome is not None
        assert (ended.open, ended.outcome.by, ended.outcome.text) == (False, "Maya", "Yes, 10 %.")


async def test_a_page_that_opens_later_sees_what_is_open_and_how_others_ended(
    board: Board, store: MemoryEscalations, clock: SteppedClock
) -> None:
    async with a_page(board) as page, asyncio.timeout(SOON):
        first = (await store.accept(an_ask("First?", timeout=900))).escalation
        second = (await store.accept(an_ask("Second?", timeout=60))).escalation
        third = (await store.accept(an_ask("Third?"))).escalation
        await store.conclude(third.id, an_outcome(third, State.CANCELLED, at=clock()))
        for _ in range(4):
            await anext(page)
        snapshot = await board.snapshot()
    assert [each.id for each in snapshot.open] == [second.id, first.id]
    assert [each.id for each in snapshot.recent] == [third.id]


@pytest.mark.parametrize(("asked", "more"), [(500, False), (501, True)])
async def test_a_page_is_told_whether_more_are_open_than_it_is_shown(
    store: MemoryEscalations, clock: SteppedClock, asked: int, more: bool
) -> None:
    for number in range(asked):
        await store.accept(an_ask(f"Number {number}?"))
    board = Board(store, store, operator_name="Operator", login=False, clock=clock)
    snapshot = await board.snapshot()
    assert (len(snapshot.open), snapshot.more) == (500, more)


async def test_only_the_latest_outcomes_are_kept(
    board: Board, store: MemoryEscalations, clock: SteppedClock
) -> None:
    async with a_page(board) as page, asyncio.timeout(SOON):
        for number in range(RECENT_KEPT + 5):
            question = (await store.accept(an_ask(f"Number {number}?"))).escalation
            clock.advance(seconds=1)
            await store.conclude(question.id, an_outcome(question, at=clock()))
            await anext(page)
            await anext(page)
        snapshot = await board.snapshot()
    assert len(snapshot.recent) == RECENT_KEPT
    assert snapshot.recent[0].text == f"Number {RECENT_KEPT + 4}?"


async def test_a_page_that_cannot_keep_up_is_sent_a_snapshot_instead(
    board: Board, store: MemoryEscalations
) -> None:
    async with a_page(board) as page, asyncio.timeout(SOON):
        last = ""
        for number in range(PAGE_BACKLOG + 10):
            last = (
                await store.accept(an_ask(f"Number {number}?", timeout=1 + number))
            ).escalation.id
        # The other page has seen everything once it saw the last question.
        other = board.events()
        while not (isinstance(seen := await anext(other), Snapshot) and seen.open[-1:]):
            pass
        await other.aclose()
        while isinstance(await anext(page), QuestionView):
            pass
        assert board.pages == 1
        assert last in {each.id for each in (await board.snapshot()).open}


async def test_an_outcome_that_no_hint_told_of_is_found_when_anything_may_have_changed(
    board: Board, store: MemoryEscalations, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_page(board) as page, asyncio.timeout(SOON):
        question = (await store.accept(an_ask())).escalation
        await anext(page)
        with monkeypatch.context() as silent:
            silent.setattr(store.changes, "tell", lambda _: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
            await store.conclude(question.id, an_outcome(question, at=clock()))
        store.changes.tell("")
        snapshot = await anext(page)
        assert isinstance(snapshot, Snapshot)
    assert [each.id for each in snapshot.recent] == [question.id]


async def test_while_the_store_is_away_the_page_is_told_and_then_shown_everything(
    store: MemoryEscalations, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation_worker.desk.board.RETRY_SECONDS", 0.01)
    board = Board(store, store, operator_name="Operator", login=False, clock=clock)
    await store.accept(an_ask())

    def away() -> None:
        raise StoreUnavailableError("Redis can't be reached")

    page = board.events()
    async with asyncio.timeout(SOON):
        with monkeypatch.context() as outage:
            outage.setattr(store, "open_pages", away)
            assert await anext(page) == Trouble(reason="Redis can't be reached")
        snapshot = await anext(page)
    assert isinstance(snapshot, Snapshot)
    assert len(snapshot.open) == 1
    await page.aclose()


async def test_a_closed_desk_ends_its_pages(board: Board) -> None:
    async with a_page(board) as page, asyncio.timeout(SOON):
        board.close()
        with pytest.raises(StopAsyncIteration):
            await anext(page)
    assert board.pages == 0


async def test_over_http_the_stream_tells_of_a_question_and_its_answer_and_stops_in_order(
    store: MemoryEscalations,
) -> None:
    port = free_port()
    desk = a_desk(store)
    serving = asyncio.create_task(serve_desk(desk, host="127.0.0.1", port=port))
    async with (
        asyncio.timeout(20),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        while True:
            try:
                await client.get("/healthz")
                break
            except httpx2.ConnectError:
                await asyncio.sleep(0.01)
        async with open_stream(client, "/api/events") as events:
            assert (await anext(events)).name == "sync"
            text = "<script>alert('10 % \u2028 off?')</script>"
            question = (await store.accept(an_ask(text))).escalation
            while (event := await anext(events)).name != "question":
                pass
            assert event.data["id"] == question.id
            assert event.data["text"] == text.replace("\u2028", "\n")
            await client.post(
                f"/api/questions/{question.id}/answer", json={"text": "Yes.", "source": "click-001"}
            )
            event = await anext(events)
            assert event.data["outcome"]["source"] == "desk:click-001"
            assert [
                each["id"] for each in (await client.get("/api/questions")).json()["recent"]
            ] == [question.id]
            serving.cancel()
            with pytest.raises(StopAsyncIteration):
                await anext(events)
        await asyncio.gather(serving, return_exceptions=True)
        with pytest.raises(httpx2.ConnectError):
            await client.get("/healthz")


async def test_a_taken_port_is_told_with_what_to_do(store: MemoryEscalations) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        desk = a_desk(store)
        with pytest.raises(NeedsMendingError, match=f"DESK_PORT: can't listen on 127.0.0.1:{port}"):
            await serve_desk(desk, host="127.0.0.1", port=port)


def test_the_page_brings_everything_itself_and_writes_nothing_as_markup() -> None:
    for page in ("page.html", "login.html"):
        text = (STATIC / page).read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), "no script within the page"
        assert not re.search(r"\son[a-z]+=|style=", text), "no handlers or styles within the page"
        for address in re.findall(r"""(?:src|href)=["']([^"']+)""", text):
            assert (STATIC / address.removeprefix("/static/")).is_file(), address
    for script in STATIC.glob("*.js"):
        text = script.read_text("utf-8")
        for way_in in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way_in not in text, f"{script.name} must insert text only"
        assert not re.search(r"https?://", text)


async def test_a_question_with_markup_in_it_arrives_as_the_text_that_it_is(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    text = '<img src=x onerror="alert(1)">'
    await store.accept(an_ask(text))
    board = Board(store, store, operator_name="Operator", login=False, clock=clock)
    sent = json.loads((await board.snapshot()).model_dump_json())
    assert sent["open"][0]["text"] == text != html.escape(text)


async def test_the_files_of_an_answer_are_shown_by_name_and_link(
    store: MemoryEscalations, clock: SteppedClock
) -> None:
    asked = (await store.accept(an_ask())).escalation
    photo = Attachment(
        name="<b>.png", url="https://cdn/a.png", media_type="image/png", size=1, content="0"
    )
    answer = an_outcome(asked, at=clock.now, text=None)
    await store.conclude(asked.id, answer.model_copy(update={"attachments": (photo,)}))
    found = await store.get(asked.id)
    assert found is not None
    sent = json.loads(view_of(found).model_dump_json())
    assert sent["outcome"]["files"] == [{"name": "<b>.png", "url": "https://cdn/a.png"}]
