"""Doing something under a lease: kept while it lasts, given back at its end, lost means stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

from shared.ports.postings import PostingLease, PostingLog
from shared.telemetry import get_logger

log = get_logger(__name__)

RENEW_SECONDS: Final = 1.5


class HeldError(Exception):
    """Somebody else is showing something of the question at this moment; it waits for them."""


async def under_lease(postings: PostingLog, lease: PostingLease, work: Awaitable[None]) -> None:
    """Do the work while the lease is ours. Where it is lost, the work is broken off.

    Raises:
        Exception: Whatever the work raises.
    """
    working = asyncio.ensure_future(work)
    renewing = asyncio.ensure_future(_renew(postings, lease))
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        else:
            log.warning("lease_lost", escalation_id=lease.escalation and lease.escalation.id)
    finally:
        working.cancel()
        renewing.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)
        # A job that is cancelled gives its lease back too, so that the next one need not wait.
        await asyncio.shield(postings.release(lease))


async def _renew(postings: PostingLog, lease: PostingLease) -> None:
    """Keep the lease; return when it is lost."""
    while await postings.renew(lease):
        await asyncio.sleep(RENEW_SECONDS)
