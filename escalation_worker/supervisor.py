"""Keeps a part of the worker running: a part that fails is started anew, ever more slowly."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from shared.errors import ChannelError, StoreUnavailableError
from shared.telemetry import get_logger

log = get_logger(__name__)

STORE_FAILURES: Final = 3
"""Pauses grow no longer than after so many failures (0.2 s, doubled thrice) while Redis is away."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next start, in seconds."""

    first: float = 0.2
    most: float = 30.0
    healthy_after: float = 30.0
    """A part that ran this long starts again with the first pause."""

    def pause(self, failures: int) -> float:
        """Double the pause with every failure, and spread it so that hosts don't march in step."""
        pause = min(self.most, self.first * 2 ** min(failures, 30))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 (not a secret)


class NeedsMendingError(Exception):
    """A part can't run until a person changes something; the message says what."""


async def supervise(
    name: str, start: Callable[[], Awaitable[None]], *, backoff: Backoff | None = None
) -> None:
    """Run a part for ever. Never returns: cancel it."""
    backoff = backoff or Backoff()
    failures = 0
    while True:
        started = time.monotonic()
        try:
            await start()
            log.warning("part_ended", part=name)
        except NeedsMendingError as error:
            log.error("needs_mending", part=name, mend=str(error))  # noqa: TRY400 (one clear line)
        except ChannelError as error:
            log.warning("part_unavailable", part=name, reason=str(error))
        except StoreUnavailableError as error:
            log.warning("part_unavailable", part=name, reason=str(error))
            # Redis is ours and near: it may be asked often, and is soon mended.
            failures = min(failures, STORE_FAILURES)
        except Exception:
            # The boundary: whatever failed inside a part must not end the others.
            log.exception("part_failed", part=name)
        if time.monotonic() - started > backoff.healthy_after:
            failures = 0
        pause = backoff.pause(failures)
        failures += 1
        log.info("part_restarts", part=name, in_seconds=round(pause, 2))
        await asyncio.sleep(pause)
