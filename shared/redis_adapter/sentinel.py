"""Connections that find the primary by themselves, whichever server that is now.

redis-py's own Sentinel asks one sentinel after the other without a bound on the answer: a host
that hangs, often the very one that took the primary with it, would keep all others from being
asked. Here all are asked at once, and the newest configuration that comes in time is believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from shared.settings import Address

SENTINEL_SECONDS: Final = 0.4
"""For all sentinels together; one that hangs costs this much of a new connection's time."""
READ_SECONDS: Final = 2.0
"""Longer than any call may take: what still reads then hangs on a host that is gone."""


_ASTRAY: Final = ("read only replica", "NOREPLICAS", "MASTERDOWN")
"""How a server says that it takes no writes (any more): another one may be the primary now."""


class NoPrimaryError(RedisConnectionError):
    """The sentinels don't tell where the primary is; the message says why."""


class Sentinels:
    """Asks where the primary is."""

    def __init__(
        self,
        addresses: Sequence[Address],
        service: str,
        connection_class: type[Connection],
        options: dict[str, Any],
    ) -> None:
        self._addresses = addresses
        self._service = service
        self._connection_class = connection_class
        self._options = options
        self.named: Address | None = None
        """The primary, as they said last."""

    async def primary(self) -> Address:
        """Tell the primary's address, as the sentinels know it now.

        Raises:
            NoPrimaryError: None of them knows.
        """
        answers = await asyncio.gather(
            *(self._ask(address) for address in self._addresses), return_exceptions=True
        )
        known = [answer for answer in answers if not isinstance(answer, BaseException)]
        if known:
            # A sentinel that was away during a failover still names the old one.
            _, host, port = max(known, key=lambda each: each[0])
            self.named = host, port
            return self.named
        if any(isinstance(answer, AuthenticationError) for answer in answers):
            raise NoPrimaryError("the sentinels refuse us: check REDIS_SENTINEL_PASSWORD")
        if any(isinstance(answer, ResponseError) for answer in answers):
            raise NoPrimaryError(
                f"the sentinels know no {self._service!r}: check REDIS_SENTINEL_SERVICE"
            )
        raise NoPrimaryError("none of REDIS_SENTINELS answers")

    async def _ask(self, address: Address) -> tuple[int, str, int]:
        """Ask one sentinel; give the epoch of its configuration, and what it says."""
        host, port = address
        connection = self._connection_class(
            host=host, port=port, decode_responses=True, **self._options
        )
        try:
            async with asyncio.timeout(SENTINEL_SECONDS):
                await connection.connect()
                await connection.send_command("SENTINEL", "MASTER", self._service)
                answer = cast("list[str]", await connection.read_response())
        finally:
            await connection.disconnect(nowait=True)
        fields = dict(zip(answer[::2], answer[1::2], strict=True))
        return int(fields["config-epoch"]), fields["ip"], int(fields["port"])


class _Bounded(AbstractConnection):
    """Reads with a bound, and is not used again for writes once it turned out to lead astray."""

    _astray = False

    async def connect(self) -> None:
        """Connect anew where need be. Every pool calls this before it lends a connection."""
        if self._astray:
            self._astray = False
            await self.disconnect(nowait=True)
        await super().connect()

    async def read_response(
        self,
        disable_decoding: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 (redis-py's own signature)
        **options: Any,
    ) -> Any:
        """Read one answer.

        Raises:
            RedisTimeoutError: The other side is silent. The connection is closed then.
        """
        read = cast("Any", super()).read_response
        try:
            if timeout is not None:  # a subscription, which notices silence by itself
                return await read(disable_decoding, timeout, **options)
            async with asyncio.timeout(READ_SECONDS):
                return await read(disable_decoding, **options)
        except TimeoutError:
            raise RedisTimeoutError("no answer in time") from None
        except ResponseError as error:
            if any(mark in str(error) for mark in _ASTRAY):
                self._astray = True
            raise


class TcpConnection(_Bounded, Connection):
    """A connection to one address, or to the primary that the sentinels name."""

    def __init__(self, *, sentinels: Sentinels | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._sentinels = sentinels

    async def connect(self) -> None:
        """Connect, also where this is a connection to a primary that was replaced since.

        Sentinel tells a server that was away for a while only after ten seconds that it is no
        primary any more. Until then it would take what nobody will see.
        """
        if self._sentinels is not None and self.is_connected:
            self._astray = self._astray or self._is_left_behind(self._sentinels)
        await super().connect()

    def _is_left_behind(self, sentinels: Sentinels) -> bool:
        return sentinels.named != (self.host, self.port)

    async def _connect(self) -> None:
        """Open the socket. redis-py calls this for each try: each asks anew."""
        if self._sentinels is not None:
            self.host, self.port = await self._sentinels.primary()
        await super()._connect()

    async def on_connect(self) -> None:
        """Log in, and make sure that a server found by Sentinel is a primary.

        One that was demoted a moment ago would take subscriptions and reads, and keep them.
        """
        await super().on_connect()
        if self._sentinels is not None:
            await self.send_command("ROLE")
            role = cast("list[str | bytes]", await self.read_response())[0]
            if role not in {"master", b"master"}:
                raise NoPrimaryError("the server that the sentinels name is no primary yet")
            if self._is_left_behind(self._sentinels):
                raise NoPrimaryError("another server became the primary meanwhile")


class TlsConnection(TcpConnection, SSLConnection):
    """The same behind TLS."""


class UnixConnection(_Bounded, UnixDomainSocketConnection):
    """The same over a Unix socket, where there is no other server to find."""
