"""The routes by which a worker works: those of the file, or the one that the settings make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from escalation_worker.desk.channel import DESK_ROLE
from escalation_worker.settings import WorkerSettings
from shared.errors import ConfigurationError
from shared.escalation import ChannelKind
from shared.question import DEFAULT_ROUTE
from shared.routes.fields import Role
from shared.routes.file import load_routes
from shared.routes.route import Operators, Route, default_route
from shared.routes_in_force import InForce

TOKEN: Final = "DISCORD_TOKEN"  # noqa: S105 (a name, not a token)


DESK_ROUTE: Final = Route.model_construct(
    name=DEFAULT_ROUTE,
    channels=(),
    operators=Operators(roles=(Role(id=DESK_ROLE, name=DESK_ROLE),)),
)
"""The one route of a desk without a file: it has no channel, and calls nobody."""


def routes_in_force(settings: WorkerSettings) -> InForce[Route]:
    """Read the routes, so that they can be read again.

    Raises:
        ConfigurationError: One line for each mistake in the file.
    """
    return InForce(lambda: _read(settings))


def _read(settings: WorkerSettings) -> Mapping[str, Route]:
    if settings.routes_file is None:
        channel_id, user_id = settings.discord_channel_id, settings.discord_user_id
        if settings.channel is ChannelKind.DESK or channel_id is None:
            return {DEFAULT_ROUTE: DESK_ROUTE}
        roles = settings.discord_operator_role_ids
        return {
            DEFAULT_ROUTE: default_route(channel_id=channel_id, user_id=user_id, role_ids=roles)
        }
    routes = load_routes(settings.routes_file).routes
    mistakes = [
        f"{settings.routes_file}: routes.{name}.token_env: a worker runs one bot, that of {TOKEN}: "
        "leave token_env out"
        for name, route in routes.items()
        if route.token_env != TOKEN
    ]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return routes
