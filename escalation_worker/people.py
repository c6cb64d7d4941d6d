"""The way to people: Discord with all of its bots, or the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from escalation_worker.answering import Answering
from escalation_worker.attaching import ImageRoom
from escalation_worker.bots import Bots
from escalation_worker.by_bot import ByBot
from escalation_worker.desk.app import build_desk
from escalation_worker.desk.channel import DESK_OPERATORS, DeskChannel
from escalation_worker.desk.serving import serve_desk
from escalation_worker.discord_channel.assembling import Account, Assembly
from escalation_worker.discord_channel.hearing.cdn import Cdn
from escalation_worker.discord_channel.session.connection import DiscordAddress
from escalation_worker.discord_channel.session.turn import Turn
from escalation_worker.discussing import Discussing
from escalation_worker.escalating import Call, CallPeople
from escalation_worker.manners import manners_by_route
from escalation_worker.settings import WorkerSettings
from escalation_worker.stores import Stores
from shared.escalation import Escalation
from shared.ports.channel import HumanChannel
from shared.redis_adapter.pacing import RedisPace
from shared.redis_adapter.slots import RedisListenerSlots
from shared.redis_adapter.waiting import RedisChanges
from shared.routes.route import Route
from shared.routes_in_force import InForce

Part = tuple[str, Callable[[], Awaitable[None]]]
"""What must run for as long as the worker does, by its name."""


@dataclass(frozen=True, slots=True)
class People:
    """How people are asked, what must run for it, and what to do before stopping."""

    channel: HumanChannel
    call_people: CallPeople
    parts: list[Part]
    hand_over: Callable[[], Awaitable[None]]


def in_discord(
    settings: WorkerSettings,
    routes: InForce[Route],
    bots: Bots,
    stores: Stores,
    *,
    slots_of: Callable[[str], RedisListenerSlots],
    pace_of: Callable[[str], RedisPace],
) -> People:
    """Build the channel to people in Discord.

    Each bot runs as parts of its own: one that Discord refuses keeps no other from working.
    """
    DiscordAddress(settings.discord_api_base, settings.discord_gateway_url).apply()
    assembly = Assembly(
        stores,
        routes,
        Cdn(settings.discord_api_base).read,
        room=ImageRoom(settings.image_bytes_each, settings.image_bytes_in_all),
        setting="DISCORD_CHANNEL_ID" if settings.routes_file is None else "a route's channel",
    )
    sides = {
        bot: assembly.side_of(
            Account(bot, token.get_secret_value(), settings.discord_message_content),
            turn=Turn(slots_of(bot)),
            take_turn=pace_of(bot).turn,
        )
        for bot, token in bots.items()
    }
    connections = [side.connection for side in sides.values()]

    async def hand_over() -> None:
        await asyncio.gather(*(each.hand_over() for each in connections))

    by_bot = ByBot({bot: side.channel for bot, side in sides.items()}, routes)
    parts: list[Part] = [("discord", each.run) for each in connections]
    parts += [("listening", each.tell) for each in connections]
    return People(by_bot, by_bot.call_people, parts, hand_over)


def at_the_desk(
    settings: WorkerSettings, routes: InForce[Route], stores: Stores, changes: RedisChanges
) -> People:
    """Build the desk: the page, and what tells it of changes."""
    store = stores.escalations
    desk = build_desk(
        store,
        Answering(store, DESK_OPERATORS),
        Discussing(store, stores.discussion, DESK_OPERATORS, manners_by_route(routes)),
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
