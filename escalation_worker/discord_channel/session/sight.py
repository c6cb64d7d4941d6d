"""The channels in which questions are posted, by the routes in force, and which of them we see."""

from __future__ import annotations

import aiohttp
import discord

from escalation_worker.discord_channel.places import is_in_sight, missing_permissions
from escalation_worker.supervisor import NeedsMendingError
from shared.errors import ChannelUnavailableError
from shared.routes.route import Route
from shared.routes_in_force import InForce
from shared.telemetry import get_logger

log = get_logger(__name__)


class Places:
    """Looks up the channels of one bot's routes; which these are may change while it runs."""

    def __init__(
        self, routes: InForce[Route], *, bot: str, setting: str = "DISCORD_CHANNEL_ID"
    ) -> None:
        self._routes = routes
        self._bot = bot
        self._setting = setting
        self._had: list[int] = []
        self._had = self.ids

    @property
    def ids(self) -> list[int]:
        """Every channel in which this bot may post a question, once.

        Where a changed file leaves it no route, those that it had: it goes on with what is open.
        """
        own = (route for route in self._routes.routes if route.token_env == self._bot)
        named = dict.fromkeys(int(channel) for route in own for channel in route.channels)
        if named:
            self._had = list(named)
        return self._had

    def known(self, client: discord.Client) -> list[discord.TextChannel]:
        """List those that discord.py has in memory."""
        found = (client.get_channel(channel_id) for channel_id in self.ids)
        return [each for each in found if isinstance(each, discord.TextChannel)]

    def in_sight(self, client: discord.Client) -> frozenset[int]:
        """List those from which what people write reaches us."""
        return frozenset(each.id for each in self.known(client) if is_in_sight(each))

    def are_disturbed(self, client: discord.Client) -> bool:
        """Whether an outage of Discord's hides one of them: then nothing is gone."""
        return any(each.guild.unavailable for each in self.known(client))

    def say_what_is_missing(self, client: discord.Client) -> None:
        """Name the permissions that the bot lacks, once its servers are known."""
        for place in self.known(client):
            if missing := missing_permissions(place):
                mend = f"give the bot in #{place.name}: {', '.join(missing)} (docs/discord-bot.md)"
                log.error("needs_mending", part="discord", mend=mend)

    async def find(self, client: discord.Client) -> dict[int, discord.TextChannel]:
        """Find those that there are, and say of each other one what to mend.

        Raises:
            NeedsMendingError: None can be used; it says what is wrong with the first.
            ChannelUnavailableError: Discord does not answer now.
        """
        found: dict[int, discord.TextChannel] = {}
        refused: list[NeedsMendingError] = []
        for channel_id in self.ids:
            try:
                found[channel_id] = await self._find(client, channel_id)
            except NeedsMendingError as error:
                refused.append(error)
        if refused and not found:
            raise refused[0]
        for error in refused:
            log.error("needs_mending", part="discord", mend=str(error))
        return found

    async def _find(self, client: discord.Client, channel_id: int) -> discord.TextChannel:
        try:
            place = client.get_channel(channel_id) or await client.fetch_channel(channel_id)
        except discord.Forbidden as error:
            raise NeedsMendingError(
                f'the bot can\'t see the channel {channel_id}: give it "View Channel" there '
                "(docs/discord-bot.md)"
            ) from error
        except (discord.NotFound, discord.InvalidData) as error:
            raise NeedsMendingError(
                f"the channel {self._setting}={channel_id} is not known to the bot: "
                "check the id, and invite the bot to that server (docs/discord-bot.md)"
            ) from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise ChannelUnavailableError(
                f"Discord does not answer: {type(error).__name__}"
            ) from error
        if not isinstance(place, discord.TextChannel):
            raise NeedsMendingError(f"{self._setting}={channel_id} is not a text channel: use one")
        return place
