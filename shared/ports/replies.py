"""What people say, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.ports.hold import Hold


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file beside what somebody wrote, as its channel describes it. The type is a claim."""

    name: str
    url: str
    media_type: str | None
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class InboundReply:
    """What somebody wrote where a question is shown, before anything is believed of it."""

    escalation_id: str
    text: str
    person_id: str
    person_name: str
    person_roles: frozenset[str]
    channel: str
    source: str
    at: datetime
    hold: Hold | None = None
    """Of the session that heard it; None on the desk, where whoever is asked is answered."""
    editable: bool = False
    """Whether it is a message, which can be edited where it stands."""
    files: tuple[OfferedFile, ...] = ()
    """Of one message, or of all that are joined to one answer."""
    joined: tuple[str, ...] = ()
    """Which other messages are joined to that of the source."""


OnReply = Callable[[InboundReply], Awaitable["ReplyVerdict"]]


class ReplyVerdict(StrEnum):
    """What became of a reply."""

    ACCEPTED = "accepted"  # it is the answer
    REPEATED = "repeated"  # it was the answer already: the same message came twice
    TOO_LATE = "too_late"  # the question had ended with another outcome
    KEPT_LATE = "kept_late"  # after the deadline; kept beside the time-out
    NOT_ALLOWED = "not_allowed"  # this person may not answer
    WRONG_SHAPE = "wrong_shape"  # this question is answered in another way than in writing
    WRITTEN = "written"  # read, and passed on by nobody: its route waits for Send
    WRITTEN_LATE = "written_late"  # likewise, after the deadline
    WRITTEN_IN_VAIN = "written_in_vain"  # likewise, where nothing is answered in writing
    WRITTEN_AFTER = "written_after"  # likewise, after another end
    OVERHEARD = "overheard"  # likewise, said by somebody who may not answer, or before the end
    NOTHING_WRITTEN = "nothing_written"  # Send, and this person has written nothing to be sent
    TOO_MUCH_WRITTEN = "too_much_written"  # Send, and it is longer than an answer may be
    CONTENT_HIDDEN = "content_hidden"  # Send, and what was written can't be read
    FORWARDED = "forwarded"  # Send, and a part of it is another message, forwarded
    POLLED = "polled"  # Send, and a part of it is a poll
    PAGE_KEPT = "page_kept"  # a part of a form, whose rest is still to come
    FILES_REFUSED = "files_refused"  # files without a word, none of which may be passed on
    ASKED_BACK = "asked_back"  # the agent is asked, and the question waits for it
    ENOUGH_SAID = "enough_said"  # as much was said about it as may be
    CLAIMED = "claimed"  # this person is on it
    CLAIMED_ALREADY = "claimed_already"  # somebody else is on it
    RELEASED = "released"  # nobody is on it any more
    REASSIGNED = "reassigned"  # whoever was chosen is on it
    ON_IT_ALREADY = "on_it_already"  # whoever was chosen was on it before
    CANNOT_TAKE_IT = "cannot_take_it"  # whoever was chosen may not answer
    VOTED = "voted"  # counted
    VOTED_ALREADY = "voted_already"  # this person's word was counted before
    FORGOTTEN = "forgotten"  # what is shown of an earlier answer is all that is left of it
    REASON_NEEDED = "reason_needed"  # a word on an approval that lacks the reason that it needs
    CORRECTED = "corrected"  # edited before any agent had read it
    CORRECTION_KEPT = "correction_kept"  # edited afterwards; told to the agent as a correction
    EDITED_TOO_LATE = "edited_too_late"  # the answer stands as it was
    NOT_THE_ANSWER = "not_the_answer"  # an edit of something else: nobody's business
    UNREADABLE = "unreadable"  # nothing to pass on: empty, or over the limit
    UNKNOWN = "unknown"  # no such question is kept
    FENCED = "fenced"  # another worker listens by now: it is that one's to take in
