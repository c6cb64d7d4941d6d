"""The gateway: sessions that hear events, and the sockets they are told through.

`session` holds what outlives a socket (sequence, replay), `connection` speaks the
protocol on one socket, `hub` gives each event to the sessions that may hear it and holds
the switches that disturb them.
"""

from .hub import Gateway

__all__ = ["Gateway"]
