"""What the file of routes says now, and how a changed file comes into force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from shared.errors import ConfigurationError
from shared.question import DEFAULT_ROUTE
from shared.telemetry import get_logger

log = get_logger(__name__)

T = TypeVar("T")


class InForce(Generic[T]):
    """What a process needs to know of each route, by name. There is always a default one.

    A changed file is taken as a whole or not at all, so that nobody ever sees half of one.
    """

    def __init__(self, read: Callable[[], Mapping[str, T]]) -> None:
        """Read it for the first time.

        Raises:
            ConfigurationError: The file can't be read, or something in it is wrong.
        """
        self._read = read
        self._routes = read()

    @property
    def names(self) -> Sequence[str]:
        """The routes that may be asked for, as the file orders them."""
        return tuple(self._routes)

    @property
    def routes(self) -> Sequence[T]:
        """All of them."""
        return tuple(self._routes.values())

    def of(self, name: str) -> T:
        """Find a route; the default one for a question whose route a new file no longer has."""
        return self._routes[name if name in self._routes else DEFAULT_ROUTE]

    def reload(self) -> bool:
        """Read the file again; tell whether it is in force. A bad one changes nothing."""
        try:
            routes = self._read()
        except ConfigurationError as error:
            mistakes = str(error).splitlines()
            log.error(  # noqa: TRY400 (one clear line)
                "routes_not_reloaded",
                meaning="what was in force stays in force",
                mistakes=len(mistakes),
                first=mistakes[0],
                mend="as the first mistake says; hitl routes check lists all of a file's own",
            )
            return False
        self._routes = routes
        log.info("routes_reloaded", routes=self.names)
        return True
