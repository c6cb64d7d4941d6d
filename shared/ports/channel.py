"""The way to people."""

from __future__ import annotations

from typing import Protocol

from shared.escalation import Escalation, Posting


class PostingJournal(Protocol):
    """Given to a channel while it posts."""

    @property
    def attempt(self) -> int:
        """1 on the first try; on later ones the channel must look before it posts again."""
        ...

    async def started(self, posting: Posting) -> None:
        """Say that the question can now be found at `posting`, although it is not complete."""
        ...

    def found(self) -> None:
        """Say that an earlier try, of which the store knows nothing, had shown it already."""
        ...


class HumanChannel(Protocol):
    """Shows questions to people. What they reply comes back through `InboundReply`."""

    async def post(self, escalation: Escalation, journal: PostingJournal) -> Posting:
        """Show the question once, however often this is called for the same escalation.

        Raises:
            ChannelUnavailableError: Try again later.
            ChannelRejectedError: It can't be shown to anybody; somebody has to mend a setting.
        """
        ...

    async def show_outcome(self, escalation: Escalation) -> None:
        """Show how it ended and close the place where it was discussed. Safe to repeat.

        Raises:
            ChannelUnavailableError: Try again later.
        """
        ...
