"""A question whose link was taken by older rules is read, shown and answered all the same."""

from __future__ import annotations

import json
from typing import Any, cast

from support.make import an_ask

from escalation_worker.desk.views import view_of
from escalation_worker.discord_channel.showing import rendering
from shared.background import Background
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings

GOOD = {"title": "The order", "url": "https://shop.example/o"}


async def test_a_stored_link_that_is_none_any_more_is_left_out(
    store_settings: StoreSettings, keys: Keys
) -> None:
    async with open_client(store_settings) as redis:
        store = RedisEscalationStore(redis, keys)
        ask = an_ask(background=Background.model_validate({"links": [GOOD]}))
        asked = (await store.accept(ask)).escalation
        record = cast("Any", redis)
        question = json.loads(await record.hget(keys.record(asked.id), "question"))
        question["background"]["links"].insert(0, {"title": "Old", "url": "https://shop.1/"})
        await record.hset(keys.record(asked.id), "question", json.dumps(question))
        found = await store.get(asked.id)
        assert found is not None
        assert [each.title for each in found.question.background.links] == ["The order"]
        assert [each.url for each in view_of(found).links] == [GOOD["url"]]
        (links,) = (each for each in rendering.embed(found).fields if each.name == "Links")
        assert links.value == f"The order: <{GOOD['url']}>"
        assert [each.id for each in await store.list_open()] == [asked.id]
