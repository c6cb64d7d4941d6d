"""The routes by which a worker works: those of the file, or the one that the settings make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from escalation_worker.bots import Bots, not_running
from escalation_worker.desk.channel import DESK_ROLE
from escalation_worker.settings import WorkerSettings
from shared.question import DEFAULT_ROUTE
from shared.routes.fields import Role
from shared.routes.file import load_routes
from shared.routes.route import Operators, Route, default_route
from shared.routes_in_force import InForce

DESK_ROUTE: Final = Route.model_construct(
    name=DEFAULT_ROUTE,
    channels=(),
    operators=Operators(roles=(Role(id=DESK_ROLE, name=DESK_ROLE),)),
)
"""The one route of a desk without a file: it has no channel, and calls nobody."""


def routes_in_force(settings: WorkerSettings, bots: Bots) -> InForce[Route]:
    """Read the routes, so that they can be read again. `bots` are all that this worker runs.

    Raises:
        ConfigurationError: One line for each mistake in the file.
    """
    return InForce(lambda: _read(settings, bots))


def _read(settings: WorkerSettings, bots: Bots) -> Mapping[str, Route]:
    if settings.routes_file is None:
        channel_id, user_id = settings.discord_channel_id, settings.discord_user_id
        if not bots or channel_id is None:
            return {DEFAULT_ROUTE: DESK_ROUTE}
        roles = settings.discord_operator_role_ids
        return {
            DEFAULT_ROUTE: default_route(channel_id=channel_id, user_id=user_id, role_ids=roles)
        }
    file = load_routes(settings.routes_file)
    file.refuse(not_running(file.routes, bots))
    return file.routes
