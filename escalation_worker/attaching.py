"""The use-case beside an answer: which of its files are passed on, and which images are kept.

A route says how many files, how large and of which types. The type is what the channel says it
is; of a small image the bytes are read, and one that is something else is refused. Images are kept
before their answer is decided, so that none is named that is not there; those of an answer that
did not count are dropped.
"""

from __future__ import annotations

import asyncio
import base64
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from escalation_worker.image_types import IMAGE_TYPES, image_type
from shared.attachment import MEDIA_TYPE, UNKNOWN_TYPE, Attachment
from shared.crash_points import CrashPoint, crash_point
from shared.escalation import Escalation, State
from shared.ports.answer_files import AnswerFiles
from shared.ports.escalations import EscalationStore
from shared.ports.replies import InboundReply, OfferedFile
from shared.question import Question
from shared.routes.route import Attachments
from shared.telemetry import get_logger
from shared.texts import file_name

log = get_logger(__name__)

FetchFile = Callable[[str, int], Awaitable[bytes | None]]
"""Reads a file from the channel by its link; None where it can't be had, or has more bytes."""
LimitsOf = Callable[[Question], Attachments]
"""Tells which files may come with an answer, by the question's route as it stands in the file."""

_MEGA: Final = 1_000_000
_KILO: Final = 1_000


@dataclass(frozen=True, slots=True)
class ImageRoom:
    """How many bytes of images are kept with an answer: of each, and of all together."""

    each: int = 256_000
    in_all: int = 512_000


class Attaching:
    """Sorts the files of a reply by the limits of its question's route."""

    def __init__(
        self,
        store: EscalationStore,
        files: AnswerFiles,
        limits_of: LimitsOf,
        fetch: FetchFile,
        *,
        room: ImageRoom,
    ) -> None:
        self._store = store
        self._files = files
        self._limits_of = limits_of
        self._fetch = fetch
        self._room = room

    async def attach(self, reply: InboundReply, escalation: Escalation) -> tuple[Attachment, ...]:
        """Tell which files are passed on with this answer, once their small images are kept.

        Whoever answers must have been found to be allowed to: nothing else is fetched.

        Raises:
            StoreUnavailableError: Images may not be kept; the same reply can be tried again.
        """
        taken = [
            each
            for each in _sorted(self._limits_of(escalation.question), reply.files)
            if isinstance(each, Attachment)
        ]
        if not taken or not may_count(escalation):
            return tuple(taken)
        wanted = list(self._images_of(taken))
        fetched = await asyncio.gather(*(self._fetch(each.url, each.size) for each in wanted))
        contents: dict[str, str] = {}
        known: dict[str, Attachment | None] = {}
        for number, (each, content) in enumerate(zip(wanted, fetched, strict=True)):
            if content is None:
                continue  # only the link is passed on
            if image_type(content) != each.media_type:
                known[each.url] = None
                continue
            contents[str(number)] = base64.b64encode(content).decode("ascii")
            known[each.url] = each.model_copy(update={"content": str(number)})
        if contents:
            kept = await self._files.keep(escalation.id, reply.source, contents, reply.hold)
            crash_point(CrashPoint.FILES_KEPT)
            if not kept:  # the record is gone, or another listener takes this in
                return tuple(taken)
        final = (known.get(each.url, each) for each in taken)
        return tuple(each for each in final if each is not None)

    async def forget(self, reply: InboundReply) -> None:
        """Drop the images of an answer that did not count.

        Also those that a worker kept which died before it could decide: it is heard again.
        """
        if any(_claimed_type(each) in IMAGE_TYPES for each in reply.files):
            await self._files.forget(reply.escalation_id, reply.source)

    async def refusals(self, reply: InboundReply) -> list[str]:
        """Say of each file of an answer that was not passed on why not, by its name.

        What was passed on stands in the record, so whoever hears the same message again after its
        worker has died says the same.
        """
        escalation = await self._store.get(reply.escalation_id)
        if escalation is None:
            return []
        passed_on = {
            each.url
            for outcome in (escalation.outcome, escalation.late_answer)
            if outcome is not None and outcome.source == reply.source
            for each in outcome.attachments
        }
        found = _sorted(self._limits_of(escalation.question), reply.files)
        return [
            f"{file_name(offered.name)} was not passed on: "
            + (why if isinstance(why, str) else f"it is not what its type says, {why.media_type}")
            for offered, why in zip(reply.files, found, strict=True)
            if offered.url not in passed_on
        ]

    def _images_of(self, taken: Sequence[Attachment]) -> Iterator[Attachment]:
        """Pick the images that there is room for, in the order in which they were sent."""
        left = self._room.in_all
        for each in taken:
            if each.media_type in IMAGE_TYPES and 0 < each.size <= min(self._room.each, left):
                left -= each.size
                yield each


def _sorted(limits: Attachments, offered: Sequence[OfferedFile]) -> list[Attachment | str]:
    """Read each file, or say why it is not passed on."""
    found: list[Attachment | str] = []
    count = 0
    for each in offered:
        read = _read(limits, each)
        if isinstance(read, Attachment):
            count += 1
            if count > limits.count:
                files = "file" if limits.count == 1 else "files"
                read = f"an answer may have at most {limits.count} {files}"
        found.append(read)
    return found


def _read(limits: Attachments, offered: OfferedFile) -> Attachment | str:
    media_type = _claimed_type(offered)
    if limits.count == 0 or not limits.kinds:
        return "no files are passed on here"
    if not limits.allow(media_type):
        return f"only {', '.join(limits.kinds)}"
    if offered.size > limits.size:
        return f"it has {_in_words(offered.size)}, and the limit is {_in_words(limits.size)}"
    try:
        return Attachment(
            name=file_name(offered.name),
            url=offered.url,
            media_type=media_type or UNKNOWN_TYPE,
            size=offered.size,
        )
    except ValidationError:
        return "its link can't be passed on"


def _claimed_type(offered: OfferedFile) -> str | None:
    """Read the type without its parameters; None where there is none that can be read."""
    named = (offered.media_type or "").partition(";")[0].strip().lower()
    return named if re.fullmatch(MEDIA_TYPE, named) else None


def may_count(escalation: Escalation) -> bool:
    """Whether an answer that comes now may still be taken, as a late one at least."""
    late = escalation.state is State.TIMED_OUT and escalation.late_answer is None
    return escalation.state.is_open or late


def _in_words(size: int) -> str:
    """Write a size as the file of routes does, and none smaller than it is."""
    if size < _MEGA:
        return f"{math.ceil(size / _KILO)} kB"
    return f"{math.ceil(size / _MEGA * 10) / 10:g} MB"
