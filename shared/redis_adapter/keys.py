"""Every Redis key and channel of the project. No key literal stands anywhere else.

| key | type | lives until | written by | read by |
| --- | --- | --- | --- | --- |
| `{p}:esc:{id}` | hash: the record | `kept_until` | gateway, worker | all |
| `{p}:esc:{id}:reply` | string: the outcome | `kept_until` | the winning conclusion | gateway |
| `{p}:esc:{id}:back` | string: what is asked back | the agent's reply | worker | gateway |
| `{p}:esc:{id}:files:{digest}` | hash: an answer's images | `kept_until` | worker | gateway |
| `{p}:esc:{id}:lease` | string: who is at it | seconds, renewed | worker | worker |
| `{p}:esc:{id}:draft:{digest}` | hash: a person's form so far | 15 min, renewed | worker | worker |
| `{p}:open` | zset: id by deadline (ms) | swept index | acceptance | worker |
| `{p}:unposted` | zset: id by time asked | swept index | acceptance | worker |
| `{p}:unshown` | zset: id by time concluded | swept index | conclusion | worker |
| `{p}:unread` | zset: id by time noted | swept index | worker | worker |
| `{p}:correctable` | zset: id by when its edits end (ms) | swept index | worker | worker |
| `{p}:looks` | zset: id by when its policy is looked at (ms) | swept index | worker | worker |
| `{p}:agent:{digest}` | zset: id by time asked | newest `kept_until` | acceptance | gateway |
| `{p}:conv:{digest}` | zset: id by time asked | newest `kept_until` | acceptance | gateway |
| `{p}:asks:{digest}` | zset: id by deadline (ms) | newest deadline | acceptance | gateway |
| `{p}:posts:{digest}` | string: when its last posting is due (ms) | seconds | gateway | gateway |
| `{p}:calls:{digest}` | string: when a rate's bucket is full again | seconds | gateway | gateway |
| `{p}:calls:{digest}:looks` | string: the same for its looks | seconds | gateway | gateway |
| `{p}:idem:{digest}` | string: id | `kept_until` | gateway | gateway |
| `{p}:same:{digest}` | string: id | deadline | gateway | gateway |
| `{b}:posting:{reference}` | string: id | `kept_until` | worker | worker |
| `{p}:past:{digest}` | zset: id by `kept_until` (ms) | newest `kept_until` | worker | worker |
| `{p}:past:{digest}:terms` | hash: terms by id | newest `kept_until` | worker | worker |
| `{p}:past:{digest}:{term}` | set: ids | newest `kept_until` | worker | worker |
| `{p}:forgetting` | zset: route by when it next forgets (ms) | swept index | worker | worker |
| `{p}:told:{source}` | string: this notice was given | 30 days | worker | worker |
| `{b}:slot:{n}` | string: which worker listens | 3 s, renewed | worker | worker |
| `{b}:slot:{n}:fence` | string: how many held the slot | 30 days | worker | worker |
| `{b}:heard_until` | string: until when people were heard (ms) | 30 days | worker | worker |
| `{b}:rest` | string: when the next REST call may leave | seconds | worker | worker |
| `{p}:access_key:{id}` | string: what is kept of a key | its expiry | `hitl key` | gateway |
| `{p}:access_keys` | zset: id by expiry (ms) | the last expiry | `hitl key` | `hitl key` |
| `{p}:queue` | zset: arq's queue | swept by arq | all | worker |
| `{p}:queue:health-check` | string: arq's health line | an hour | worker | people |
| `arq:job:{p}:…` | string: a job's body | as given | all | worker |
| `arq:in-progress:{p}:…`, `arq:retry:{p}:…` | strings: arq's | seconds, a day | worker | worker |

`{p}` is the prefix. `{b}` begins the keys of one bot: it is `{p}` for that in `DISCORD_TOKEN`, as
it was when there was no other, and `{p}:bot:{name}` for any other.

arq fixes the first part of its own keys; our prefix stands in the job ids behind it, so two
installations can share a server. Channels: `{p}:changed` (payload: an id), `{p}:wake` (queue),
`{p}:replicated` (nobody listens; see `scripts.Scripts`).
"""

from dataclasses import dataclass
from typing import assert_never

from arq.constants import job_key_prefix

from shared.escalation import DEFAULT_BOT
from shared.limits import Counted
from shared.ports.hold import Hold
from shared.texts import digest


def _pair(agent: str, name: str) -> str:
    """Digest two strings so that no other two give the same text."""
    return digest(f"{len(agent)}:{agent}:{name}")


@dataclass(frozen=True, slots=True)
class Keys:
    """Names keys under one prefix."""

    prefix: str = "hitl"

    def record(self, escalation_id: str) -> str:
        """Hash; the record."""
        return f"{self.prefix}:esc:{escalation_id}"

    def reply(self, escalation_id: str) -> str:
        """Name the string that holds the outcome, written once and never consumed."""
        return f"{self.prefix}:esc:{escalation_id}:reply"

    def asked_back(self, escalation_id: str) -> str:
        """Name the string that holds what an operator asks, until the agent has replied."""
        return f"{self.prefix}:esc:{escalation_id}:back"

    def files(self, escalation_id: str, source: str) -> str:
        """Name the hash with the images of the answer that came by this message."""
        return f"{self.prefix}:esc:{escalation_id}:files:{digest(source)}"

    def lease(self, escalation_id: str) -> str:
        """Name the string with the token of the worker that is posting or closing it."""
        return f"{self.prefix}:esc:{escalation_id}:lease"

    def draft(self, escalation_id: str, person_id: str) -> str:
        """Hash; what one person has written into the question's form, by field."""
        return f"{self.prefix}:esc:{escalation_id}:draft:{digest(person_id)}"

    @property
    def open(self) -> str:
        """Sorted set; open questions by deadline."""
        return f"{self.prefix}:open"

    @property
    def unposted(self) -> str:
        """Sorted set; accepted questions that no person can see yet."""
        return f"{self.prefix}:unposted"

    @property
    def unshown(self) -> str:
        """Sorted set; concluded questions whose outcome people can't see yet."""
        return f"{self.prefix}:unshown"

    @property
    def unread(self) -> str:
        """Sorted set; questions under which may stand what nobody knew to belong to them."""
        return f"{self.prefix}:unread"

    @property
    def correctable(self) -> str:
        """Sorted set; answered questions by until when their answer may be edited."""
        return f"{self.prefix}:correctable"

    @property
    def looks(self) -> str:
        """Sorted set; open questions by when their policy may ask for something."""
        return f"{self.prefix}:looks"

    def tenant(self, tenant: str) -> str:
        """Sorted set; a tenant's questions by the time they were asked."""
        return f"{self.prefix}:agent:{digest(tenant)}"

    def conversation(self, tenant: str, conversation_id: str) -> str:
        """Sorted set; a tenant's questions of one conversation by the time they were asked."""
        return f"{self.prefix}:conv:{_pair(tenant, conversation_id)}"

    def asks(self, tenant: str, agent: str) -> str:
        """Sorted set; one agent's open questions by deadline."""
        return f"{self.prefix}:asks:{_pair(tenant, agent)}"

    def posts(self, tenant: str, agent: str) -> str:
        """Name the string that spaces the postings of one agent's questions."""
        return f"{self.prefix}:posts:{_pair(tenant, agent)}"

    def counted(self, counted: Counted, tenant: str, agent: str, calls_per_second: float) -> str:
        """Name the string that says when the agent's bucket of calls, or looks, is full again.

        An agent has one for each rate of its keys.
        """
        calls = f"{self.prefix}:calls:{_pair(tenant, f'{agent}:{calls_per_second}')}"
        match counted:
            case Counted.CALL:
                return calls
            case Counted.LOOK:
                return f"{calls}:looks"
            case _:
                assert_never(counted)

    def access_key(self, key_id: str) -> str:
        """Name the string that holds what is kept of an access key."""
        return f"{self.prefix}:access_key:{key_id}"

    @property
    def access_keys(self) -> str:
        """Sorted set; the access keys by when they expire."""
        return f"{self.prefix}:access_keys"

    def idempotency(self, tenant: str, key: str) -> str:
        """Name the string that maps the tenant's own key to an id."""
        return f"{self.prefix}:idem:{_pair(tenant, key)}"

    def identical(self, tenant: str, fingerprint: str) -> str:
        """Name the string that maps an open question's fingerprint to its id."""
        return f"{self.prefix}:same:{_pair(tenant, fingerprint)}"

    def posting(self, bot: str, reference: str) -> str:
        """Name the string that maps a thread to the question that this bot shows there."""
        return f"{self._of(bot)}:posting:{reference}"

    def precedents(self, route: str) -> str:
        """Sorted set; what a route's people answered, by when it is forgotten."""
        return f"{self.prefix}:past:{digest(route)}"

    def precedent_terms(self, route: str) -> str:
        """Hash; the terms of each of these questions, with spaces between."""
        return f"{self.precedents(route)}:terms"

    def precedents_of(self, route: str, term: str) -> str:
        """Set; those of these questions that have a term."""
        return f"{self.precedents(route)}:{term}"

    @property
    def forgetting(self) -> str:
        """Sorted set; routes by when they have something to forget."""
        return f"{self.prefix}:forgetting"

    def told(self, source: str) -> str:
        """Name the string that says that a notice about this message was given."""
        return f"{self.prefix}:told:{source}"

    def slot(self, bot: str, number: int) -> str:
        """Name the string that says which worker listens for a bot in this slot."""
        return f"{self._of(bot)}:slot:{number}"

    def fence(self, bot: str, number: int) -> str:
        """Name the counter of those who held this slot."""
        return f"{self.slot(bot, number)}:fence"

    def fenced_by(self, hold: Hold | None) -> list[str]:
        """Name what can refuse an act of this hold; acts without one are refused by nothing."""
        return [] if hold is None else [self.fence(hold.bot, hold.slot)]

    def heard_until(self, bot: str) -> str:
        """Name the string with the moment (ms) until which a bot heard all that people wrote."""
        return f"{self._of(bot)}:heard_until"

    def rest(self, bot: str) -> str:
        """Name the string that paces a bot's REST calls."""
        return f"{self._of(bot)}:rest"

    def _of(self, bot: str) -> str:
        """Begin the keys of one bot. The first one's are as they were when it was the only one."""
        return self.prefix if bot == DEFAULT_BOT else f"{self.prefix}:bot:{bot}"

    @property
    def queue(self) -> str:
        """Sorted set; arq's queue."""
        return f"{self.prefix}:queue"

    def job(self, job_id: str) -> str:
        """Name the string that holds a job's body, where arq looks for it."""
        return f"{job_key_prefix}{job_id}"

    @property
    def changed(self) -> str:
        """Channel; an escalation changed."""
        return f"{self.prefix}:changed"

    @property
    def wake(self) -> str:
        """Channel; a job was queued."""
        return f"{self.prefix}:wake"

    @property
    def replicated(self) -> str:
        """Channel without listeners; what is published there is only to reach the replicas."""
        return f"{self.prefix}:replicated"

    def is_swept_index(self, key: str) -> bool:
        """Whether the key may live without a TTL because a sweep empties it."""
        indexes = {self.open, self.unposted, self.unshown, self.unread, self.looks, self.queue}
        return key in indexes | {self.correctable, self.forgetting}
