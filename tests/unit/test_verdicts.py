from __future__ import annotations

from escalation_worker.verdicts import in_words
from shared.ports.replies import ReplyVerdict


def test_every_verdict_has_words_of_its_own() -> None:
    assert len({in_words(each) for each in ReplyVerdict}) == len(ReplyVerdict)
