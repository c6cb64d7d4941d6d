"""Puts a worker together: the queue, one channel to people with its bots, and a supervisor."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from redis.asyncio import Redis

from escalation_worker.bots import Bots
from escalation_worker.by_bot import tell_of_others
from escalation_worker.concluding import Concluding
from escalation_worker.escalating import Escalating
from escalation_worker.jobs import Jobs
from escalation_worker.people import Part, at_the_desk, in_discord
from escalation_worker.posting import PostingDesk
from escalation_worker.queue import Queue
from escalation_worker.reloading import Reloading
from escalation_worker.remembering import Remembering
from escalation_worker.settings import WorkerSettings
from escalation_worker.stores import Stores
from escalation_worker.supervisor import supervise
from escalation_worker.turns import Turns
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind
from shared.redis_adapter.connection import open_client, open_queue, open_subscriber
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.pacing import RedisPace
from shared.redis_adapter.policies import RedisPolicyLog
from shared.redis_adapter.precedents import RedisPrecedents
from shared.redis_adapter.scripts import Replicas
from shared.redis_adapter.server import examine
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.waiting import RedisChanges
from shared.routes.policy import end_of
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)

JUDGE_AGAIN_SECONDS: Final = 5.0


async def serve(settings: WorkerSettings, routes: InForce[Route], bots: Bots) -> None:
    """Work until told to stop. People are asked in Discord if there are bots, else at the desk."""
    keys = Keys(settings.redis_key_prefix)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_client(settings))
        subscriber = await stack.enter_async_context(open_subscriber(settings))
        arq = await stack.enter_async_context(open_queue(settings, keys))
        replicas = Replicas.wanted(settings, keys)
        stores = Stores.on(redis, keys, replicas=replicas)
        store, hearing = stores.escalations, stores.hearing
        if bots:
            rate, slots = settings.discord_requests_per_second, settings.discord_listeners
            people = in_discord(
                settings,
                routes,
                bots,
                stores,
                slots_of=partial(RedisListenerSlots, redis, keys, slots=slots, replicas=replicas),
                pace_of=partial(RedisPace, redis, keys, per_second=rate, burst=5),
            )
        else:
            people = at_the_desk(settings, routes, stores, RedisChanges(subscriber, keys))
        remembering = Remembering(store, RedisPrecedents(redis, keys), routes)
        concluding = Concluding(
            store,
            stores.postings,
            people.channel,
            hearing.heard_until,
            end_of=lambda question: end_of(routes.of(question.route)),
            remembering=remembering,
            corrections=stores.corrections,
            turns=Turns(jobs=settings.worker_max_jobs),
        )
        policies = RedisPolicyLog(redis, keys)
        reloading = Reloading(routes, store, hearing.open_postings, policies)
        jobs = Jobs(
            PostingDesk(
                store,
                stores.postings,
                people.channel,
                remembering=remembering,
                turns=Turns(jobs=settings.worker_max_jobs),
                show_what_holds=reloading.posted,
            ),
            concluding,
            Escalating(store, policies, routes, people.call_people, concluding.end),
        )
        if settings.routes_file is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloading.told)
        queue = Queue(
            arq,
            subscriber,
            keys,
            jobs,
            max_jobs=settings.worker_max_jobs,
            stop_seconds=settings.worker_stop_seconds,
        )
        kind = ChannelKind.DISCORD if bots else ChannelKind.DESK
        log.info("worker_started", channel=kind, bots=list(bots))
        judging = asyncio.create_task(_judge_server(redis, settings.redis_wait_replicas))
        stack.callback(judging.cancel)
        if bots:
            telling = asyncio.create_task(tell_of_others(hearing.open_postings, bots))
            stack.callback(telling.cancel)
        parts: list[Part] = [("queue", queue.run), ("routes", reloading.run), *people.parts]
        await _until_told_to_stop(parts, people.hand_over)
        log.info("worker_stopped")


async def _judge_server(redis: Redis, replicas: int) -> None:
    """Say once, when Redis is there, what about it puts questions at risk."""
    while True:
        try:
            found = await examine(redis, replicas=replicas)
        except StoreUnavailableError:
            await asyncio.sleep(JUDGE_AGAIN_SECONDS)
        else:
            for weakness in found.weaknesses:
                log.warning("redis_at_risk", server=found.name, mend=weakness)
            return


async def _until_told_to_stop(parts: list[Part], hand_over: Callable[[], Awaitable[None]]) -> None:
    """Run the parts, each supervised, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervise(name, run), name=name) for name, run in parts]
        await stop.wait()
        log.info("worker_stopping")
        await hand_over()
        # The queue first: jobs under way still need the channel. Then the rest at once: each bot
        # may take its time to say good-bye.
        queue, *others = tasks
        for some in ({queue}, set(others)):
            for task in some:
                task.cancel()
            await asyncio.wait(some)
