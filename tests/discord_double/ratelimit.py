"""Rate limits: buckets per route and top-level resource, one global limit per bot.

A bucket is a fixed window that opens with its first request. Clients learn of it from
X-RateLimit-* headers and from nothing else. The sizes are choices, not documented facts:
`RateLimits()` is generous enough for tests, `strict` resembles what bots observe.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

# Cloudflare names itself here; discord.py takes a 429 without it for a ban.
VIA = "1.1 google"


@dataclass(frozen=True, slots=True)
class Bucket:
    """`limit` requests in each window of `seconds`."""

    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The sizes of the limits. `rules` are tried in order: (method and path template, bucket)."""

    globally: Bucket | None = Bucket(50, 1.0)
    otherwise: Bucket | None = Bucket(50, 1.0)
    rules: tuple[tuple[re.Pattern[str], Bucket], ...] = ()
    # A second limit inside a bucket, on changing a channel's or thread's name or topic.
    renames: Bucket | None = None
    # After so many answers of 401, 403 or 429 in ten minutes, an address is shut out.
    invalid_requests: int | None = 10_000

    @classmethod
    def off(cls) -> Self:
        """No limits and no headers."""
        return cls(globally=None, otherwise=None, invalid_requests=None)

    @classmethod
    def strict(cls) -> Self:
        """Roughly what a bot meets in production."""
        return cls(
            otherwise=Bucket(10, 2.0),
            rules=(
                (re.compile(r"POST /channels/[^/]+/messages$"), Bucket(5, 5.0)),
                (re.compile(r"PATCH /channels/[^/]+/messages/[^/]+$"), Bucket(5, 5.0)),
                (re.compile(r"DELETE /channels/[^/]+/messages/[^/]+$"), Bucket(5, 1.0)),
                (re.compile(r"(PUT|DELETE) /channels/.*/reactions"), Bucket(1, 0.25)),
                (re.compile(r"POST /channels/.*/threads$"), Bucket(50, 300.0)),
                (re.compile(r"POST /users/@me/channels$"), Bucket(10, 60.0)),
            ),
            renames=Bucket(2, 600.0),
        )

    def with_rule(self, pattern: str, limit: int, seconds: float) -> Self:
        """Return these limits with a rule put before the others."""
        rule = (re.compile(pattern), Bucket(limit, seconds))
        return replace(self, rules=(rule, *self.rules))

    def bucket_for(self, route: str) -> Bucket | None:
        """Return the bucket of a route such as "POST /channels/{channel_id}/messages"."""
        return next((b for pattern, b in self.rules if pattern.search(route)), self.otherwise)


@dataclass(slots=True)
class _Window:
    bucket: Bucket
    used: int = 0
    resets_at: float = 0.0

    def spend(self, now: float) -> bool:
        if now >= self.resets_at:
            self.used, self.resets_at = 0, now + self.bucket.seconds
        if self.used >= self.bucket.limit:
            return False
        self.used += 1
        return True


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and what its answer says about limits."""

    headers: dict[str, str] = field(default_factory=dict[str, str])
    # Set when the request is refused: seconds to wait.
    retry_after: float | None = None
    is_global: bool = False


@dataclass(slots=True)
class RateLimiter:
    """Counts requests against the limits that `limits` returns at that moment."""

    limits: Callable[[], RateLimits]
    clock: Callable[[], float] = time.monotonic
    _windows: dict[tuple[str, ...], _Window] = field(default_factory=dict[tuple[str, ...], _Window])
    _invalid: dict[str, deque[float]] = field(default_factory=dict[str, deque[float]])

    def spend(
        self, caller: str, route: str, resource: str, *, globally: bool, renames: bool
    ) -> Verdict:
        """Count one request of `caller` to `route` on the top-level `resource`."""
        limits, now = self.limits(), self.clock()
        if globally and limits.globally is not None:
            window = self._window(("global", caller), limits.globally)
            if not window.spend(now):
                return _refused_globally(window.resets_at - now)
        if renames and limits.renames is not None:
            window = self._window(("rename", caller, resource), limits.renames)
            if not window.spend(now):
                return _refused(window, "rename", now, scope="shared")
        bucket = limits.bucket_for(route)
        if bucket is None:
            return Verdict()
        window = self._window(("route", caller, route, resource), bucket)
        if not window.spend(now):
            return _refused(window, route, now, scope="user")
        return Verdict(headers=_headers(window, route, now))

    def count_invalid(self, address: str) -> None:
        """Remember an answer of 401, 403 or 429 to this address."""
        self._invalid.setdefault(address, deque()).append(self.clock())

    def is_banned(self, address: str) -> bool:
        """Tell whether the address made too many invalid requests in ten minutes."""
        limit = self.limits().invalid_requests
        marks = self._invalid.get(address)
        if limit is None or marks is None:
            return False
        horizon = self.clock() - 600
        while marks and marks[0] < horizon:
            marks.popleft()
        return len(marks) >= limit

    def _window(self, key: tuple[str, ...], bucket: Bucket) -> _Window:
        window = self._windows.get(key)
        if window is None or window.bucket != bucket:
            window = self._windows[key] = _Window(bucket)
        return window


def _headers(window: _Window, route: str, now: float) -> dict[str, str]:
    left = max(0.0, window.resets_at - now)
    return {
        "X-RateLimit-Limit": str(window.bucket.limit),
        "X-RateLimit-Remaining": str(window.bucket.limit - window.used),
        "X-RateLimit-Reset": f"{time.time() + left:.3f}",
        "X-RateLimit-Reset-After": f"{left:.3f}",
        "X-RateLimit-Bucket": hashlib.blake2b(route.encode(), digest_size=16).hexdigest(),
    }


def _refused(window: _Window, route: str, now: float, *, scope: str) -> Verdict:
    left = max(0.001, window.resets_at - now)
    headers = _headers(window, route, now) | refusal_headers(left, scope)
    return Verdict(headers, retry_after=left)


def _refused_globally(left: float) -> Verdict:
    left = max(0.001, left)
    headers = refusal_headers(left, "global") | {"X-RateLimit-Global": "true"}
    return Verdict(headers, retry_after=left, is_global=True)


def refusal_headers(retry_after: float, scope: str) -> dict[str, str]:
    """Return the headers that every 429 of the API carries, besides a bucket's own."""
    return {
        "Retry-After": str(math.ceil(retry_after)),
        "X-RateLimit-Scope": scope,
        "Via": VIA,
    }
