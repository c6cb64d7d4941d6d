"""Reads the small images of an answer, which a worker has kept. No link is followed from here."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import StoreUnavailableError
from shared.escalation import Escalation
from shared.ports.answer_files import AnswerFiles
from shared.telemetry import get_logger

log = get_logger(__name__)


async def read_images(files: AnswerFiles, escalation: Escalation) -> Mapping[str, str]:
    """Give the images of an answer, and of a late one, as base64 by their links.

    Asks for nothing where no answer has any. The answer is known already, so an image that can't
    be read now is left out and keeps nothing back.
    """
    found: dict[str, str] = {}
    for outcome in (escalation.outcome, escalation.late_answer):
        if outcome is None or outcome.source is None:
            continue
        kept = {each.url: each.content for each in outcome.attachments if each.content}
        if not kept:
            continue
        try:
            contents = await files.read(escalation.id, outcome.source)
        except StoreUnavailableError as error:
            log.warning("images_unread", escalation_id=escalation.id, reason=str(error))
            continue
        found |= {url: contents[name] for url, name in kept.items() if name in contents}
    return found
