"""Puts a worker together: the queue, one channel to people with its bots, and a supervisor."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from redis.asyncio import Redis

from escalation_worker.answering import Answering
from escalation_worker.attaching import Attaching, ImageRoom
from escalation_worker.bots import Bots
from escalation_worker.by_bot import ByBot, tell_of_others
from escalation_worker.concluding import Concluding
from escalation_worker.desk.app import build_desk
from escalation_worker.desk.channel import DESK_OPERATORS, DeskChannel
from escalation_worker.desk.serving import serve_desk
from escalation_worker.discord_channel.catching_up import CatchingUp
from escalation_worker.discord_channel.cdn import Cdn
from escalation_worker.discord_channel.channel import DiscordChannel
from escalation_worker.discord_channel.clicks import Clicks
from escalation_worker.discord_channel.commands import Commands
from escalation_worker.discord_channel.connection import DiscordAddress, DiscordConnection
from escalation_worker.discord_channel.form_pages import FormPages
from escalation_worker.discord_channel.interactions import Interactions
from escalation_worker.discord_channel.listener import Listener
from escalation_worker.discord_channel.losses import Losses
from escalation_worker.discord_channel.on_call import OnCall
from escalation_worker.discord_channel.pending import Pending
from escalation_worker.discord_channel.send_button import SendButton
from escalation_worker.discord_channel.sight import Places
from escalation_worker.discord_channel.starting import Starting
from escalation_worker.discord_channel.turn import Turn
from escalation_worker.discussing import Discussing
from escalation_worker.escalating import Call, CallPeople, Escalating
from escalation_worker.filling_in import FillingIn
from escalation_worker.giving_up import GivingUp
from escalation_worker.jobs import Jobs
from escalation_worker.manners import manners_by_route
from escalation_worker.operators import OperatorsByRoute
from escalation_worker.posting import PostingDesk
from escalation_worker.queue import Queue
from escalation_worker.reloading import Reloading
from escalation_worker.sending import Sending
from escalation_worker.settings import WorkerSettings
from escalation_worker.supervisor import supervise
from escalation_worker.writing import Writing
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind, Escalation
from shared.ports import AnswerFiles, HumanChannel
from shared.redis_adapter.connection import open_client, open_queue, open_subscriber
from shared.redis_adapter.discussion import RedisDiscussion
from shared.redis_adapter.drafts import RedisFormDrafts
from shared.redis_adapter.files import RedisAnswerFiles
from shared.redis_adapter.hearing import RedisHearing
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.pacing import RedisPace
from shared.redis_adapter.policies import RedisPolicyLog
from shared.redis_adapter.posting import RedisPostingLog
from shared.redis_adapter.scripts import Replicas
from shared.redis_adapter.server import examine
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.store import RedisEscalationStore
from shared.redis_adapter.waiting import RedisChanges
from shared.routes.policy import end_of
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)

JUDGE_AGAIN_SECONDS: Final = 5.0

Part = tuple[str, Callable[[], Awaitable[None]]]


@dataclass(frozen=True, slots=True)
class People:
    """The way to people: how they are asked, what must run for it, what to do before stopping."""

    channel: HumanChannel
    call_people: CallPeople
    parts: list[Part]
    hand_over: Callable[[], Awaitable[None]]


async def serve(settings: WorkerSettings, routes: InForce[Route], bots: Bots) -> None:
    """Work until told to stop."""
    keys = Keys(settings.redis_key_prefix)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_client(settings))
        subscriber = await stack.enter_async_context(open_subscriber(settings))
        arq = await stack.enter_async_context(open_queue(settings, keys))
        replicas = Replicas.wanted(settings, keys)
        store = RedisEscalationStore(redis, keys, replicas=replicas)
        discussion = RedisDiscussion(redis, keys, replicas=replicas)
        postings = RedisPostingLog(redis, keys, replicas=replicas)
        files = RedisAnswerFiles(redis, keys)
        hearing = RedisHearing(redis, keys)
        changes = RedisChanges(subscriber, keys)
        pace_of = partial(
            RedisPace, redis, keys, per_second=settings.discord_requests_per_second, burst=5
        )
        slots_of = partial(
            RedisListenerSlots, redis, keys, slots=settings.discord_listeners, replicas=replicas
        )
        people = _people(
            settings,
            routes,
            bots,
            store,
            discussion,
            files,
            postings,
            hearing,
            changes,
            pace_of,
            slots_of,
            RedisFormDrafts(redis, keys),
        )
        concluding = Concluding(
            store,
            postings,
            people.channel,
            hearing.heard_until,
            end_of=lambda question: end_of(routes.of(question.route)),
        )
        policies = RedisPolicyLog(redis, keys)
        jobs = Jobs(
            PostingDesk(store, postings, people.channel),
            concluding,
            Escalating(store, policies, routes, people.call_people, concluding.end),
        )
        reloading = Reloading(routes, hearing.open_postings, policies)
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


def _people(
    settings: WorkerSettings,
    routes: InForce[Route],
    bots: Bots,
    store: RedisEscalationStore,
    discussion: RedisDiscussion,
    files: AnswerFiles,
    postings: RedisPostingLog,
    hearing: RedisHearing,
    changes: RedisChanges,
    pace_of: Callable[[str], RedisPace],
    slots_of: Callable[[str], RedisListenerSlots],
    drafts: RedisFormDrafts,
) -> People:
    """Build the channel to people: Discord if there are bots, else the desk.

    Bots share what is decided and stored. Each has its own connection, turn, pace and cursors, and
    runs as parts of its own: one that Discord refuses keeps no other from working.
    """
    if not bots:
        return _desk_of(settings, routes, store, discussion, changes)
    DiscordAddress(settings.discord_api_base, settings.discord_gateway_url).apply()
    operators = OperatorsByRoute(routes)
    manner_of = manners_by_route(routes)
    setting = "DISCORD_CHANNEL_ID" if settings.routes_file is None else "a route's channel"
    attaching = Attaching(
        store,
        files,
        lambda question: routes.of(question.route).attachments,
        Cdn(settings.discord_api_base).read,
        room=ImageRoom(settings.image_bytes_each, settings.image_bytes_in_all),
    )
    answering = Answering(store, operators, attaching)
    discussing = Discussing(store, discussion, operators, manner_of)
    sending = Sending(store, operators, answering, manner_of)
    writing = Writing(answering, discussing, sending)
    form_pages = FormPages(FillingIn(store, operators, answering, drafts))
    pending, on_call = Pending(store, operators), OnCall(routes)
    give_up = GivingUp(store).give_up
    channels: dict[str, DiscordChannel] = {}
    connections: list[DiscordConnection] = []
    for bot, token in bots.items():
        find = partial(postings.find, bot)
        channel = channels[bot] = DiscordChannel(Starting(routes, bot=bot), manner_of)
        listener = Listener(find, writing.wrote, hearing, attaching.refusals)
        send_button = SendButton(sending, listener.taking_in, attaching.refusals)
        connection = DiscordConnection(
            bot=bot,
            token=token.get_secret_value(),
            places=Places(routes, bot=bot, setting=setting),
            channel=channel,
            listener=listener,
            interactions=Interactions(
                Clicks(store, find, answering, discussing, form_pages, send_button, manner_of),
                Commands(store, find, answering, discussing, pending, on_call),
            ),
            catching_up=CatchingUp(hearing, listener.heard, bot=bot),
            losses=Losses(store, postings, hearing.open_postings, give_up, manner_of, bot=bot),
            turn=Turn(slots_of(bot)),
            tell_heard_until=hearing.note_heard_until,
            take_turn=pace_of(bot).turn,
            message_content=settings.discord_message_content,
        )
        connections.append(connection)

    async def hand_over() -> None:
        await asyncio.gather(*(each.hand_over() for each in connections))

    by_bot = ByBot(channels, routes)
    parts: list[Part] = [("discord", each.run) for each in connections]
    parts += [("listening", each.tell) for each in connections]
    return People(by_bot, by_bot.call_people, parts, hand_over)


def _desk_of(
    settings: WorkerSettings,
    routes: InForce[Route],
    store: RedisEscalationStore,
    discussion: RedisDiscussion,
    changes: RedisChanges,
) -> People:
    """Build the desk: the page, and what tells it of changes."""
    desk = build_desk(
        store,
        Answering(store, DESK_OPERATORS),
        Discussing(store, discussion, DESK_OPERATORS, manners_by_route(routes)),
        changes,
        password=settings.desk_password,
        operator_name=settings.desk_operator_name,
    )

    async def serve_page() -> None:
        await serve_desk(desk, host=settings.desk_host, port=settings.desk_port)

    async def nobody_to_call(escalation: Escalation, call: Call) -> None:
        """Call nobody: whoever is at the desk sees the question."""

    async def nothing_to_hand_over() -> None:
        """Leave the desk as it is: its pages find another worker's by themselves."""

    parts: list[Part] = [("changes", changes.run), ("desk", serve_page)]
    return People(DeskChannel(), nobody_to_call, parts, nothing_to_hand_over)


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
