"""A worker's turn to listen: taken, kept while it can be, and over at once when it can't."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Final

from shared.errors import StoreUnavailableError
from shared.ports.hold import Hold
from shared.ports.listening import SLOT_LENGTH, ListenerSlots
from shared.telemetry import get_logger

log = get_logger(__name__)

TURN_SECONDS: Final = 0.3
"""How often a worker that does not listen looks whether it may."""
KEEP_SECONDS: Final = 0.5
"""So that a call to Redis which times out (1.8 s) leaves time for another before the slot ends."""


class Turn:
    """Holds a slot on behalf of one worker, and knows by its own clock when that ends."""

    def __init__(self, slots: ListenerSlots, *, length: timedelta = SLOT_LENGTH) -> None:
        self._slots = slots
        self._length = length.total_seconds()
        self._hold: Hold | None = None
        self._until = 0.0
        self._ended = False

    def hold(self) -> Hold | None:
        """Tell under which hold this worker may listen now.

        None as soon as the slot was not kept for its length: this worker may have stood still
        meanwhile, and another may hold it.
        """
        return self._hold if time.monotonic() < self._until else None

    async def take(self) -> Hold:
        """Wait until a slot is free, and take it."""
        told = False
        while (hold := await self.take_if_free()) is None:
            if not told:
                log.info("discord_standby")
                told = True
            await asyncio.sleep(TURN_SECONDS)
        log.info("slot_taken", slot=hold.slot, fence=hold.fence)
        return hold

    async def take_if_free(self) -> Hold | None:
        """Take a slot if one is free now."""
        if self._ended:
            return None
        asked = time.monotonic()
        try:
            self._hold = await self._slots.hold()
        except StoreUnavailableError as error:
            log.debug("slot_unknown", reason=str(error))
            return None
        self._until = asked + self._length
        return self._hold

    async def keep(self) -> None:
        """Keep the slot; return when it is lost, and never once this worker is about to stop.

        A slot that ran out and was taken anew counts as lost too: somebody may have held it in
        between, so what was missed must be looked for. So does one that can't be kept because
        Redis is away.
        """
        hold = self._hold
        while await self._kept(hold):
            await asyncio.sleep(KEEP_SECONDS)
        self._hold = None
        if self._ended:
            await asyncio.Event().wait()  # what is being posted still needs the connection
        if hold is not None:
            log.warning("slot_lost", slot=hold.slot, fence=hold.fence)

    async def _kept(self, hold: Hold | None) -> bool:
        """Renew the hold, unless that is too late already: from then on others rely on it."""
        asked = time.monotonic()
        if self.hold() is None:
            return False
        try:
            held = await self._slots.hold()
        except StoreUnavailableError as error:
            log.debug("slot_unknown", reason=str(error))
            return self.hold() is not None
        if held != hold or self.hold() is None:
            return False
        self._until = asked + self._length
        return True

    async def give_back(self) -> None:
        """Let another worker listen."""
        self._hold = None
        try:
            await self._slots.release()
        except StoreUnavailableError as error:
            log.debug("slot_not_given_back", reason=str(error))

    async def end(self) -> None:
        """Give the slot back and take none again: this worker is about to stop."""
        self._ended = True
        await self.give_back()
