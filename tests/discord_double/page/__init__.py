"""A page for people: channels, threads and messages as Discord shows them, and a line to write on.

Whoever opens it acts as one of the members, without any login: the double is for loopback and for
demonstrations. All text from outside is escaped.
"""

from .acts import routes
from .view import show

__all__ = ["routes", "show"]
