"""Puts a worker's Discord side together: what is shared by all of its bots, and what each has.

Bots share what is decided and stored. Each has a way to people, a connection, a turn and a pace of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from escalation_worker.answering import Answering
from escalation_worker.attaching import Attaching, FetchFile, ImageRoom
from escalation_worker.correcting import Correcting
from escalation_worker.discord_channel.hearing.clicks import Clicks
from escalation_worker.discord_channel.hearing.commands import Commands
from escalation_worker.discord_channel.hearing.edits import MissedEdits
from escalation_worker.discord_channel.hearing.form_pages import FormPages
from escalation_worker.discord_channel.hearing.interactions import Interactions
from escalation_worker.discord_channel.hearing.listener import FindEscalation, Listener
from escalation_worker.discord_channel.hearing.on_call import OnCall
from escalation_worker.discord_channel.hearing.pending import Pending
from escalation_worker.discord_channel.hearing.send_button import SendButton
from escalation_worker.discord_channel.session.catching_up import CatchingUp
from escalation_worker.discord_channel.session.client import TakeTurn
from escalation_worker.discord_channel.session.connection import DiscordConnection
from escalation_worker.discord_channel.session.losses import Losses
from escalation_worker.discord_channel.session.sight import Places
from escalation_worker.discord_channel.session.turn import Turn
from escalation_worker.discord_channel.showing.channel import DiscordChannel
from escalation_worker.discord_channel.showing.starting import Starting
from escalation_worker.discussing import Discussing
from escalation_worker.filling_in import FillingIn
from escalation_worker.giving_up import GivingUp
from escalation_worker.manners import manners_by_route
from escalation_worker.operators import OperatorsByRoute
from escalation_worker.sending import Sending
from escalation_worker.stores import Stores
from escalation_worker.writing import Writing
from shared.ports.clock import Clock, utc_now
from shared.routes.route import Route
from shared.routes_in_force import InForce


@dataclass(frozen=True, slots=True)
class Account:
    """As whom a bot logs in, and what it may do there."""

    bot: str
    token: str
    message_content: bool = True


@dataclass(frozen=True, slots=True)
class Side:
    """One bot's side of a worker."""

    channel: DiscordChannel
    connection: DiscordConnection


class Assembly:
    """Holds what all bots of a worker share, and makes each bot's side of it."""

    def __init__(
        self,
        stores: Stores,
        routes: InForce[Route],
        fetch: FetchFile,
        *,
        room: ImageRoom,
        setting: str = "DISCORD_CHANNEL_ID",
        clock: Clock = utc_now,
    ) -> None:
        self._stores = stores
        self._routes = routes
        self._setting = setting
        self._clock = clock
        store = stores.escalations
        operators = OperatorsByRoute(routes)
        manner_of = self._manner_of = manners_by_route(routes)
        self._attaching = Attaching(
            store,
            stores.files,
            lambda question: routes.of(question.route).attachments,
            fetch,
            room=room,
        )
        answering = self._answering = Answering(
            store,
            operators,
            self._attaching,
            grace_of=lambda question: routes.of(question.route).correction_grace,
        )
        self._correcting = Correcting(store, stores.corrections, operators)
        self._discussing = Discussing(store, stores.discussion, operators, manner_of)
        self._sending = Sending(store, operators, answering, manner_of)
        self._writing = Writing(answering, self._discussing, self._sending)
        self._form_pages = FormPages(FillingIn(store, operators, answering, stores.drafts))
        self._pending = Pending(store, operators)

    def side_of(
        self,
        account: Account,
        *,
        turn: Turn,
        take_turn: TakeTurn,
        find: FindEscalation | None = None,
    ) -> Side:
        """Make a bot's side. `find` may stand in for the store's."""
        stores, bot = self._stores, account.bot
        find = find or partial(stores.postings.find, bot)
        note_manner = stores.postings.note_manner
        starting = Starting(self._routes, note_manner, bot=bot)
        channel = DiscordChannel(starting, self._manner_of, note_manner)
        listener = Listener(
            find,
            self._writing.wrote,
            stores.hearing,
            refusals=self._attaching.refusals,
            on_edit=self._correcting.edited,
        )
        missed = MissedEdits(stores.escalations, stores.corrections, listener.edited, bot=bot)
        connection = DiscordConnection(
            bot=bot,
            token=account.token,
            places=Places(self._routes, bot=bot, setting=self._setting),
            channel=channel,
            listener=listener,
            interactions=self._interactions(find, listener),
            catching_up=CatchingUp(stores.hearing, listener.heard, bot=bot, edits=missed),
            losses=Losses(
                stores.escalations,
                stores.postings,
                stores.hearing.open_postings,
                GivingUp(stores.escalations).give_up,
                bot=bot,
            ),
            turn=turn,
            tell_heard_until=stores.hearing.note_heard_until,
            take_turn=take_turn,
            message_content=account.message_content,
        )
        return Side(channel, connection)

    def _interactions(self, find: FindEscalation, listener: Listener) -> Interactions:
        store, answering, discussing = self._stores.escalations, self._answering, self._discussing
        refusals = self._attaching.refusals
        send_button = SendButton(store, self._sending, listener.taking_in, refusals)
        return Interactions(
            Clicks(
                store,
                find,
                answering,
                discussing,
                self._form_pages,
                send_button,
                self._manner_of,
            ),
            Commands(
                store,
                find,
                answering,
                discussing,
                self._pending,
                OnCall(self._routes),
                clock=self._clock,
            ),
        )
