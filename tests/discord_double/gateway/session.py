"""A gateway session: what a client gets on IDENTIFY and may resume on another socket."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from discord_double.events import Intent, Viewer

if TYPE_CHECKING:
    from discord_double.events import Event
    from discord_double.model import Application, JsonObject

    from .connection import Connection


@dataclass(slots=True, eq=False)
class Session:
    """One session of a bot; it numbers its events and keeps them for replay."""

    id: str
    application: Application
    intents: Intent
    shard: tuple[int, int]
    replay_limit: int
    connection: Connection | None = None
    sequence: int = 0
    # When the socket was lost, in monotonic seconds.
    lost_at: float | None = None
    sent: deque[tuple[int, str]] = field(default_factory=deque[tuple[int, str]])

    @property
    def viewer(self) -> Viewer:
        """The session's bot, with what this session asked to read."""
        return Viewer(self.application, Intent.MESSAGE_CONTENT in self.intents)

    @property
    def is_connected(self) -> bool:
        return self.connection is not None

    def wants(self, event: Event) -> bool:
        """Tell whether the session's intents and shard let an event through."""
        if event.intents is not None and not event.intents & self.intents:
            return False
        if event.guild_id is None:
            return True
        shard, shards = self.shard
        return (event.guild_id >> 22) % shards == shard

    def tell(self, name: str, data: str) -> None:
        """Give an event, whose data is JSON, the next number; send it, or keep it for a resume."""
        self.sequence += 1
        payload = f'{{"op":0,"s":{self.sequence},"t":"{name}","d":{data}}}'
        self.sent.append((self.sequence, payload))
        if len(self.sent) > self.replay_limit:
            self.sent.popleft()
        if self.connection is not None:
            self.connection.send(payload)

    def tell_object(self, name: str, data: JsonObject) -> None:
        self.tell(name, json.dumps(data, separators=(",", ":")))

    def missed_since(self, sequence: int) -> list[str] | None:
        """Return what was sent after a sequence number, or None if too much is forgotten."""
        if sequence < self.sequence and (not self.sent or self.sent[0][0] > sequence + 1):
            return None
        return [payload for number, payload in self.sent if number > sequence]

    def attach(self, connection: Connection) -> None:
        self.connection, self.lost_at = connection, None

    def detach(self) -> None:
        self.connection, self.lost_at = None, time.monotonic()
