"""The twins in memory of who listens and what was heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.escalation import DEFAULT_BOT, Posting
from shared.memory.escalations import MemoryEscalations
from shared.ports.clock import Clock, utc_now
from shared.ports.hold import Hold
from shared.ports.listening import SLOT_LENGTH


class MemorySlots:
    """All slots of one bot's fleet; `MemoryListenerSlots` is one worker's view of them."""

    def __init__(
        self,
        memory: MemoryEscalations,
        bot: str = DEFAULT_BOT,
        *,
        slots: int = 1,
        length: timedelta = SLOT_LENGTH,
        clock: Clock = utc_now,
    ) -> None:
        self.bot = bot
        self.fences = memory.fences
        self.holders: dict[int, tuple[MemoryListenerSlots, datetime]] = {}
        self.numbers = range(slots)
        self.length = length
        self.clock = clock


class MemoryListenerSlots:
    """`ListenerSlots` of one worker."""

    def __init__(self, slots: MemorySlots) -> None:
        self._slots = slots
        self._held: int | None = None

    async def hold(self) -> Hold | None:
        """See `ListenerSlots.hold`."""
        all_, now = self._slots, self._slots.clock()
        for number in all_.numbers if self._held is None else (self._held,):
            holder, until = all_.holders.get(number, (None, now))
            if until <= now:
                holder = None
            if holder not in {None, self}:
                continue
            if holder is None:
                all_.fences[all_.bot, number] += 1
            all_.holders[number] = (self, now + all_.length)
            self._held = number
            return Hold(number, all_.fences[all_.bot, number], all_.bot)
        self._held = None
        return None

    async def release(self) -> None:
        """See `ListenerSlots.release`."""
        if self._held is not None:
            number, self._held = self._held, None
            if self._slots.holders.get(number, (None, None))[0] is self:
                del self._slots.holders[number]


class MemoryHearing:
    """Cursors, notices, and the moment until which everything was heard."""

    def __init__(self, memory: MemoryEscalations) -> None:
        self._memory = memory
        self._heard: dict[str, str] = {}
        self._told: set[str] = set()
        self._until: dict[str, datetime] = {}

    async def note_heard(self, escalation_id: str, source: str, hold: Hold) -> None:
        """Remember the newest message heard under a question."""
        if self._memory.outdated(hold) or await self._memory.get(escalation_id) is None:
            return
        if int(source) > int(self._heard.get(escalation_id, "0")):
            self._heard[escalation_id] = source

    async def cursors(self, bot: str, references: Sequence[str]) -> dict[str, str]:
        """For each of these threads in which the bot shows a question: the newest heard there."""
        found: dict[str, str] = {}
        for reference in references:
            escalation_id = await self._memory.find(bot, reference)
            if escalation_id is not None:
                found[reference] = self._heard.get(escalation_id, reference)
        return found

    async def first_notice(self, source: str, hold: Hold) -> bool:
        """Whether this is the first time that somebody is told something about this message."""
        if self._memory.outdated(hold) or source in self._told:
            return False
        self._told.add(source)
        return True

    async def note_heard_until(self, moment: datetime, hold: Hold) -> bool:
        """Say that all that people wrote to this hold's bot before this moment was taken in."""
        if self._memory.outdated(hold):
            return False
        whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        self._until[hold.bot] = max(self._until.get(hold.bot, whole), whole)
        return True

    async def heard_until(self, bot: str) -> datetime | None:
        """Tell until when everything that people wrote to this bot was taken in."""
        return self._until.get(bot)

    async def unread(self) -> dict[str, Posting | None]:
        """Tell which questions are to be read from their beginning, and where they are shown."""
        kept = {each: await self._memory.get(each) for each in self._memory.unread}
        return {id_: escalation and escalation.posting for id_, escalation in kept.items()}

    async def note_read(self, escalation_id: str, hold: Hold) -> None:
        """Note that a question was read from its beginning."""
        if not self._memory.outdated(hold):
            self._memory.unread.discard(escalation_id)

    async def open_postings(self) -> dict[str, Posting]:
        """Tell where each open question is shown, however many there are."""
        return {each.id: each.posting for each in self._memory.all_open() if each.posting}
