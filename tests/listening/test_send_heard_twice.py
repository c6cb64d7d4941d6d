"""Two workers listen, and both get a press of Send: one of them reads, the other waits for it."""

from __future__ import annotations

import asyncio

from discord.utils import snowflake_time

from listening.conftest import Scene, Worker, until
from listening.test_controls import said_to
from listening.test_send_button import a_sender, outcome_of
from shared.escalation import DEFAULT_BOT


def is_taking_in(worker: Worker) -> bool:
    """Whether it has heard something that is not taken in yet."""
    listener = worker.connection._listener  # pyright: ignore[reportPrivateUsage]
    return bool(listener._taking_in)  # pyright: ignore[reportPrivateUsage]


async def test_a_press_in_time_is_in_time_although_another_listener_got_it_too(
    scene: Scene,
) -> None:
    one, other = (a_sender(scene, slots=2) for _ in range(2))
    async with asyncio.timeout(30), scene.listening(one), scene.listening(other):
        asked = await scene.ask(one, "a discount?")
        maya, thread = scene.double.person("Maya"), scene.thread(asked)
        await maya.write(thread, "Yes.")

        async def nothing_waits() -> bool:
            return not is_taking_in(one) and not is_taking_in(other)

        await until(nothing_waits)
        scene.double.faults.slow(2.0, method="GET", path=f"/channels/{thread.id}/messages")
        click = await maya.click(scene.starter(asked), "Send")
        clicked = snowflake_time(click.id)
        heard: set[bool] = set()

        async def answered() -> bool:
            until_then = await scene.hearing.heard_until(DEFAULT_BOT)
            heard.add(until_then is not None and until_then > clicked)
            return bool(click.response and click.response.content)

        await until(answered)
        assert heard == {False}, "it would have timed out, had its deadline been in between"
        assert "Sent" in await said_to(scene, click)
        assert (await outcome_of(scene, asked)).text == "Yes."
        await until(nothing_waits)


async def test_a_click_that_nobody_could_acknowledge_in_time_holds_back_no_time_out(
    scene: Scene,
) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya = scene.double.person("Maya")
        await maya.write(scene.thread(asked), "Yes.")
        scene.double.faults.fail(404, method="POST", path="/interactions/")
        click = await maya.click(scene.starter(asked), "Send")
        clicked = snowflake_time(click.id)

        async def heard() -> bool:
            until_then = await scene.hearing.heard_until(DEFAULT_BOT)
            return until_then is not None and until_then > clicked

        await until(heard, seconds=5)
        assert (await scene.read(asked)).state.is_open
