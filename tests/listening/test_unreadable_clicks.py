"""Clicks on a question whose record this version can't read: they are to be tried again."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from listening.conftest import Scene
from listening.test_controls import FORM, form_of, said_to
from listening.test_send_button import a_sender
from shared.escalation import Escalation, State


class Unreadable:
    """A record that this version can't read, until it is mended."""

    def __init__(self, scene: Scene, escalation: Escalation) -> None:
        self._redis = cast("Any", scene.redis)
        self._record = scene.keys.record(escalation.id)
        self._question = ""

    async def __aenter__(self) -> None:
        self._question = await self._redis.hget(self._record, "question")
        await self._redis.hset(self._record, "question", "{")

    async def __aexit__(self, *_: object) -> None:
        await self._redis.hset(self._record, "question", self._question)


@pytest.mark.parametrize("button", ["Send", "Answer", "I'm on it"])
async def test_a_click_is_answered_and_can_be_repeated(scene: Scene, button: str) -> None:
    async with asyncio.timeout(30), scene.listening(a_sender(scene)) as worker:
        asked = await scene.ask(worker, "a discount?")
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        await maya.write(scene.thread(asked), "Yes.")
        async with Unreadable(scene, asked):
            words = await said_to(scene, await maya.click(starter, button))
        assert "Nothing was passed on" in words
        assert "in a moment" in words
        assert (await scene.read(asked)).state is State.POSTED
        again = await maya.click(starter, button)
        if button == "Answer":
            await form_of(scene, again)
        else:
            assert "Nothing" not in await said_to(scene, again)


async def test_a_form_is_given_back_with_what_was_written_in_it(scene: Scene) -> None:
    async with asyncio.timeout(30), scene.listening() as worker:
        asked = await scene.ask(worker, "how much?", form=FORM)
        maya, starter = scene.double.person("Maya"), scene.starter(asked)
        form = await form_of(scene, await maya.click(starter, "Fill in the form"))
        async with Unreadable(scene, asked):
            words = await said_to(scene, await maya.submit(form, {"percent": "10"}))
        assert "Nothing was passed on" in words
        assert "10" in words.split("You wrote:")[1]
        assert "Sent" in await said_to(scene, await maya.submit(form, {"percent": "10"}))
        outcome = (await scene.until_ended(asked)).outcome
        assert outcome is not None
        assert outcome.values == {"percent": 10}
