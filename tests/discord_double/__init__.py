"""A double of Discord, on the wire: REST API and gateway on one loopback port.

An unmodified Discord client connects to it, so that the client's own retries, rate limits
and resumes run. `DiscordDouble` is the whole of it; `defaults` names its fixed cast.

    async with DiscordDouble() as double:
        maya = double.person("Maya")
        thread = await double.until_thread(containing="refund")
        await maya.write(thread, "Yes, up to 10 %.")
"""

from . import defaults
from .errors import Refusal
from .faults import Fault, FaultKind, Faults
from .model import Application, Channel, ChannelType, Message, Thread
from .people import Person
from .permissions import Permission
from .ratelimit import Bucket, RateLimits
from .scripted import Press, Question, ScriptedOperator, by_table
from .server import DiscordDouble
from .settings import Settings
from .uploads import Upload

__all__ = [
    "Application",
    "Bucket",
    "Channel",
    "ChannelType",
    "DiscordDouble",
    "Fault",
    "FaultKind",
    "Faults",
    "Message",
    "Permission",
    "Person",
    "Press",
    "Question",
    "RateLimits",
    "Refusal",
    "ScriptedOperator",
    "Settings",
    "Thread",
    "Upload",
    "by_table",
    "defaults",
]
