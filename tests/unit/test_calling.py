from __future__ import annotations

import pytest
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from support.gateway import caller

from mcp_gateway.door.auth import CallerToken, Calling
from shared.memory.access import MemoryAccessKeys
from shared.ports.clock import utc_now


@pytest.mark.parametrize(("seconds", "is_let_in"), [(60, True), (-1, False)])
async def test_a_token_lets_nobody_in_once_it_has_expired_though_its_request_goes_on(
    seconds: int, *, is_let_in: bool
) -> None:
    calling = Calling(caller("nobody"), MemoryAccessKeys())
    expires_at = int(utc_now().timestamp()) + seconds
    token = CallerToken.of(caller("shop"), []).model_copy(update={"expires_at": expires_at})
    before = auth_context_var.set(AuthenticatedUser(token))
    try:
        assert await calling.is_still_let_in() == is_let_in
    finally:
        auth_context_var.reset(before)


async def test_who_need_not_prove_who_they_are_is_let_in_as_long_as_they_like() -> None:
    assert await Calling(caller("nobody"), MemoryAccessKeys()).is_still_let_in()
