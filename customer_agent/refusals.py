"""Why the agent's own questions refuse what its model wants of them."""

from __future__ import annotations


class TooManyQuestionsError(Exception):
    """This conversation has as many open questions as people can be bothered with."""


class NothingAskedError(Exception):
    """No colleague waits for a reply of the customer's, or more than one does."""


class ConversationEndedError(Exception):
    """The customer is gone, so nothing is asked any more."""
