"""The login of a desk with a password: signed session cookies, and a brake on guessing.

A session has the name that was given with the password. The page can't change it: whoever wants to
act under another name must log in again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from typing import Final

from pydantic import SecretStr

COOKIE: Final = "desk_session"
SESSION_SECONDS: Final = 12 * 3600
FAILURES_ALLOWED: Final = 5
"""Wrong passwords from one address within `FAILURE_WINDOW_SECONDS`."""
FAILURE_WINDOW_SECONDS: Final = 60.0
_ADDRESSES_KEPT: Final = 1_000


class Sessions:
    """Checks the password and the cookies. The secret that signs them dies with the process."""

    def __init__(self, password: SecretStr) -> None:
        self._password = password
        self._secret = secrets.token_bytes(32)
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def blocked_for(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        failures = self._failures.get(address)
        if failures is None or len(failures) < FAILURES_ALLOWED:
            return 0.0
        return max(0.0, failures[0] + FAILURE_WINDOW_SECONDS - time.monotonic())

    def log_in(self, address: str, password: str, name: str) -> str | None:
        """Make a cookie for whoever knows the password; count the failure of anybody else."""
        # Digests have one length: the comparison tells nothing about the password's.
        ours, theirs = _digest(self._password.get_secret_value()), _digest(password)
        if hmac.compare_digest(ours, theirs):
            self._failures.pop(address, None)
            expires, nonce = int(time.time()) + SESSION_SECONDS, secrets.token_hex(8)
            return self._sign(f"{expires}-{nonce}-{name.encode().hex()}")
        failures = self._failures.setdefault(address, deque(maxlen=FAILURES_ALLOWED))
        failures.append(time.monotonic())
        self._failures.move_to_end(address)
        if len(self._failures) > _ADDRESSES_KEPT:
            self._failures.popitem(last=False)
        return None

    def name_of(self, cookie: str) -> str | None:
        """Tell whose session it is; None if we did not make this cookie, or it has expired."""
        body, _, _ = cookie.partition(".")
        if not hmac.compare_digest(self._sign(body).encode(), cookie.encode("utf-8", "replace")):
            return None
        expires, _, name = body.split("-", 2)
        return bytes.fromhex(name).decode() if int(expires) > time.time() else None

    def _sign(self, body: str) -> str:
        signature = hmac.new(self._secret, body.encode("utf-8", "replace"), hashlib.sha256)
        return f"{body}.{signature.hexdigest()}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
