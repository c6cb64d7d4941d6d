"""What people answered is shown with the next question like it, and can be answered with again."""

from __future__ import annotations

import asyncio

from discord_double.acts.interactions import Interaction
from discord_double.forms import interactive
from discord_double.model import Message
from discord_double.reading import text_of
from support.discord_views import said_by_bot

from listening.conftest import CHANNEL_ROUTE, Scene, Worker, in_force
from shared.background import Background
from shared.escalation import Escalation, State

REMEMBERING = in_force(CHANNEL_ROUTE.model_copy(update={"memory": True}))
SHELVES = "May I give 10 % off two shelves?"
LIKE_IT = "Could I give 15 % off on three shelves?"
LIKE_THIS = "Answer like this (1)"


async def answered(scene: Scene, worker: Worker, text: str, answer: str) -> Escalation:
    """Let Maya answer a question, and the worker show that."""
    asked = await scene.ask(worker, text)
    await scene.double.person("Maya").write(scene.thread(asked), answer)
    ended = await scene.until_ended(asked)
    await worker.concluding.show_outcome(asked.id)
    return ended


async def said_to(scene: Scene, interaction: Interaction) -> str:
    """Wait for what only the person who acted is told."""
    return await scene.double.until(
        lambda: interaction.response.content if interaction.response else None
    )


def labels(message: Message) -> list[str]:
    return [str(each["label"]) for each in interactive(message.components) if "label" in each]


async def test_an_earlier_answer_is_taken_changed_and_sent_like_any_other(scene: Scene) -> None:
    async with (
        asyncio.timeout(40),
        scene.listening(scene.make_worker(routes=REMEMBERING)) as worker,
    ):
        await answered(scene, worker, SHELVES, "Yes, *10 %*, once.")
        asked = await scene.ask(worker, LIKE_IT)
        starter = scene.starter(asked)
        shown = text_of(starter)
        assert "Answered before" in shown
        assert SHELVES in shown
        assert "Yes, \\*10 %\\*, once." in shown
        assert (labels(starter)[0], labels(starter)[-1]) == ("Answer", LIKE_THIS)

        maya = scene.double.person("Maya")
        click = await maya.click(starter, LIKE_THIS)
        form = await scene.double.until(lambda: click if click.modal else None)
        assert form.modal is not None
        (field,) = interactive(form.modal["components"])
        assert field["value"] == "Yes, *10 %*, once.", "the whole of it, as it was written"
        await said_to(scene, await maya.submit(form, {"text": "Yes, 15 %."}))
        ended = await scene.until_ended(asked)
        assert ended.outcome is not None
        assert (ended.outcome.text, ended.outcome.by and ended.outcome.by.name) == (
            "Yes, 15 %.",
            "Maya",
        )
        await worker.concluding.show_outcome(asked.id)
        starter = scene.starter(asked)
        assert "Answered before" in text_of(starter), "the same is shown when it has ended"
        assert interactive(starter.components) == []


async def test_who_may_not_answer_is_not_shown_the_whole_of_an_earlier_answer(
    scene: Scene,
) -> None:
    async with (
        asyncio.timeout(40),
        scene.listening(scene.make_worker(routes=REMEMBERING)) as worker,
    ):
        await answered(scene, worker, SHELVES, "Yes.")
        asked = await scene.ask(worker, LIKE_IT)
        click = await scene.double.person("Mallory").click(scene.starter(asked), LIKE_THIS)
        assert "may not" in await said_to(scene, click)
        assert click.modal is None


async def test_an_earlier_answer_that_is_no_longer_kept_is_said_to_be_gone(scene: Scene) -> None:
    async with (
        asyncio.timeout(40),
        scene.listening(scene.make_worker(routes=REMEMBERING)) as worker,
    ):
        known = await answered(scene, worker, SHELVES, "Yes.")
        asked = await scene.ask(worker, LIKE_IT)
        await scene.redis.delete(scene.keys.record(known.id))
        click = await scene.double.person("Maya").click(scene.starter(asked), LIKE_THIS)
        assert "no longer kept" in await said_to(scene, click)
        assert (await scene.read(asked)).state is State.POSTED
        again = await scene.ask(worker, SHELVES)
        assert "Answered before" not in text_of(scene.starter(again))


async def test_the_first_answer_wins_whatever_it_was_made_of(scene: Scene) -> None:
    async with (
        asyncio.timeout(40),
        scene.listening(scene.make_worker(routes=REMEMBERING)) as worker,
    ):
        await answered(scene, worker, SHELVES, "Yes.")
        asked = await scene.ask(worker, LIKE_IT)
        starter, maya = scene.starter(asked), scene.double.person("Maya")
        click = await maya.click(starter, LIKE_THIS)
        form = await scene.double.until(lambda: click if click.modal else None)
        await scene.double.person("Noor").write(scene.thread(asked), "No.")
        await scene.until_ended(asked)
        assert "already ended" in await said_to(scene, await maya.submit(form, {"text": "Yes."}))
        late = await maya.click(starter, LIKE_THIS)
        assert "already ended" in await said_to(scene, late)
        ended = await scene.read(asked)
        assert ended.outcome is not None
        assert ended.outcome.text == "No."


async def test_where_only_an_option_will_do_an_earlier_answer_is_shown_without_a_button(
    scene: Scene,
) -> None:
    async with (
        asyncio.timeout(40),
        scene.listening(scene.make_worker(routes=REMEMBERING)) as worker,
    ):
        await answered(scene, worker, SHELVES, "Yes.")
        asked = await scene.ask(worker, LIKE_IT, options=("10 %", "No"), options_only=True)
        assert "Answered before" in text_of(scene.starter(asked))
        assert not any("like this" in each for each in labels(scene.starter(asked)))


async def test_a_route_without_memory_shows_nothing_of_it(scene: Scene) -> None:
    async with asyncio.timeout(40), scene.listening() as worker:
        await answered(scene, worker, SHELVES, "Yes.")
        asked = await scene.ask(worker, SHELVES)
        assert "Answered before" not in text_of(scene.starter(asked))


async def test_what_has_no_room_in_the_message_is_told_in_the_thread_in_order_and_calls_nobody(
    scene: Scene,
) -> None:
    attached = Background.model_validate(
        {
            "turns": [
                {"speaker": "customer", "text": f"turn {number:02} @everyone {'word ' * 100}"}
                for number in range(20)
            ],
            "facts": {"VIP": True},
            "links": [{"title": "The order", "url": "https://shop.example/o?id=7"}],
        }
    )
    async with asyncio.timeout(40), scene.listening() as worker:
        asked = await scene.ask(worker, "A discount?", background=attached)
        shown, told = text_of(scene.starter(asked)), said_by_bot(scene.double, scene.thread(asked))
        for words in ("VIP: yes", "The order: <https://shop.example/o?id=7>", "turn 19"):
            assert words in shown
        everywhere = "\n".join([*told, shown])
        places = [everywhere.index(f"turn {number:02}") for number in range(20)]
        assert places == sorted(places)
        assert "@everyone" not in everywhere
        called = [each.mentions for each in scene.thread(asked).messages]
        assert all(not (each.everyone or each.users or each.roles) for each in called)
        assert len(told) == len(set(told)) > 2
