"""Who is let in, as whom, how often, and what those learn who are not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.oauth_issuer import AUDIENCE, ISSUER, Issuer
from support.visitor import AwayKeys, a_gateway, a_stored_key

from mcp_gateway.door.assembling import refuse_an_empty_house
from mcp_gateway.settings import GatewaySettings
from shared.errors import ConfigurationError
from shared.memory.access import MemoryAccessKeys

KEY = "0123456789abcdef"
REQUIRED: dict[str, Any] = {"gateway_auth": "required"}
OAUTH: dict[str, Any] = {"gateway_oauth_issuer": ISSUER, "gateway_public_url": AUDIENCE}


async def test_a_stored_key_opens_until_it_is_revoked() -> None:
    keys = MemoryAccessKeys()
    token = await a_stored_key(keys)
    async with a_gateway(keys, **REQUIRED) as visitor:
        assert (await visitor.send("tools/list", key=token)).status_code == 200
        assert (await visitor.send("tools/list", key=f"{token}x")).status_code == 401
        assert (await visitor.send("tools/list")).status_code == 401
        await keys.revoke(token.split("_")[1])
        assert (await visitor.send("tools/list", key=token)).status_code == 401


async def test_whose_key_cant_be_looked_up_is_told_to_come_back() -> None:
    async with a_gateway(AwayKeys(), **REQUIRED) as visitor:
        answer = await visitor.send("tools/list", key="hitl_0123456789ab_x")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["error"] == "temporarily_unavailable"


async def test_who_comes_with_a_configured_key_needs_no_look_up() -> None:
    async with a_gateway(AwayKeys(), gateway_api_keys=f"shop:{KEY}") as visitor:
        assert (await visitor.send("tools/list", key=KEY)).status_code == 200


async def test_another_tenants_question_is_unknown_and_its_own_is_not() -> None:
    keys = MemoryAccessKeys()
    phone = await a_stored_key(keys, "phone", tenant="shop")
    mail = await a_stored_key(keys, "mail", tenant="shop")
    bank = await a_stored_key(keys, "bank")
    async with a_gateway(keys, **REQUIRED) as visitor:
        asked = await visitor.call("ask_human", phone, question="May I?")
        escalation_id = asked.split("escalation_id=")[1][:26]
        assert "Still waiting" in await visitor.call(
            "check_answer", mail, escalation_id=escalation_id
        )
        for tool in ("check_answer", "cancel_question"):
            refused = await visitor.call(tool, bank, escalation_id=escalation_id)
            never = await visitor.call(tool, bank, escalation_id="0" * 26)
            assert "no question with the id" in refused
            assert refused.replace(escalation_id, "0" * 26) == never
        assert escalation_id in await visitor.call("list_questions", mail)
        assert escalation_id not in await visitor.call("list_questions", bank)


async def test_a_key_asks_by_its_own_routes_and_learns_of_no_other() -> None:
    keys = MemoryAccessKeys()
    token = await a_stored_key(keys, routes=("billing",))
    async with a_gateway(keys, **REQUIRED) as visitor:
        refused = await visitor.call("ask_human", token, question="May I?", route="default")
        assert "route: must be one of billing, not 'default'" in refused
        assert "Still waiting" in await visitor.call(
            "ask_human", token, question="May I?", route="billing"
        )


async def test_who_calls_too_often_hears_when_to_come_back_and_others_are_served() -> None:
    keys = MemoryAccessKeys()
    shop = await a_stored_key(keys, calls_per_second=0.01)
    bank = await a_stored_key(keys, "bank")
    async with a_gateway(keys, **REQUIRED) as visitor:
        said = [await visitor.call("list_questions", shop) for _ in range(11)]
        assert "No questions are kept" in said[9]
        [wait] = re.findall(r"Try again in ([0-9.]+) seconds", said[10])
        assert 60 < float(wait) <= 100  # less what the calls took
        assert "No questions are kept" in await visitor.call("list_questions", bank)


async def test_who_has_enough_open_questions_hears_when_to_come_back() -> None:
    keys = MemoryAccessKeys()
    token = await a_stored_key(keys, open_questions=1)
    async with a_gateway(keys, **REQUIRED) as visitor:
        await visitor.call("ask_human", token, question="May I?")
        refused = await visitor.call("ask_human", token, question="And this?")
        assert "this agent has 1, which is the limit" in refused
        assert "the next does in " in refused


async def test_a_request_over_the_limit_is_refused_by_its_size() -> None:
    async with a_gateway(gateway_body_limit=10_000) as visitor:
        answer = await visitor.send("tools/list", {"filler": "x" * 10_000})
        assert answer.status_code == 413


async def test_a_gateway_with_a_name_goes_by_no_other() -> None:
    settings: dict[str, Any] = {"gateway_host": "0.0.0.0", "gateway_api_keys": f"shop:{KEY}"}  # noqa: S104
    named: dict[str, Any] = {**settings, "gateway_public_url": AUDIENCE}
    async with a_gateway(host="ask.example.org", **named) as visitor:
        assert (await visitor.send("tools/list", key=KEY)).status_code == 200
    async with a_gateway(host="rebound.example", **named) as visitor:
        assert (await visitor.send("tools/list", key=KEY)).status_code == 421
    also: dict[str, Any] = {**named, "gateway_allowed_hosts": "rebound.example"}
    async with a_gateway(host="rebound.example", **also) as visitor:
        assert (await visitor.send("tools/list", key=KEY)).status_code == 200


async def test_an_issuers_token_opens_if_it_allows_enough() -> None:
    issuer = Issuer()
    with issuer.serving() as url:
        settings: dict[str, Any] = {
            **OAUTH,
            "gateway_oauth_jwks_url": url,
            "gateway_oauth_scopes": "ask other",
        }
        async with a_gateway(host="ask.example.org", **settings) as visitor:
            assert (await visitor.send("tools/list", key=issuer.token())).status_code == 200
            little = await visitor.send("tools/list", key=issuer.token(scope="other"))
            assert little.status_code == 403
            assert 'error="insufficient_scope"' in little.headers["www-authenticate"]
            none = await visitor.send("tools/list")
            assert none.status_code == 401
            for each in (little, none):
                assert each.headers["www-authenticate"].endswith(', scope="ask other"')
            issuer.is_away = True
            assert (await visitor.send("tools/list", key=issuer.token())).status_code == 200


async def test_who_proves_nothing_is_told_where_tokens_are_issued() -> None:
    settings: dict[str, Any] = {**OAUTH, "gateway_oauth_jwks_url": "http://127.0.0.1:9/jwks"}
    async with a_gateway(host="ask.example.org", **settings) as visitor:
        refused = await visitor.send("tools/list")
        assert refused.status_code == 401
        metadata = "https://ask.example.org/.well-known/oauth-protected-resource/mcp"
        assert f'resource_metadata="{metadata}"' in refused.headers["www-authenticate"]
        assert "scope=" not in refused.headers["www-authenticate"], "it wants none"
        said = (await visitor.get("/.well-known/oauth-protected-resource/mcp")).json()
        assert said["resource"] == AUDIENCE
        # To the letter: clients compare it with what the issuer calls itself (RFC 8414, 3.3).
        assert said["authorization_servers"] == [ISSUER]


async def test_a_configured_key_opens_beside_an_issuer_whatever_scopes_tokens_need() -> None:
    settings: dict[str, Any] = {
        **OAUTH,
        "gateway_oauth_jwks_url": "http://127.0.0.1:9/jwks",
        "gateway_oauth_scopes": "ask",
        "gateway_api_keys": f"shop:{KEY}",
    }
    async with a_gateway(host="ask.example.org", **settings) as visitor:
        assert (await visitor.send("tools/list", key=KEY)).status_code == 200


async def test_a_start_without_any_way_in_is_refused_and_while_redis_is_away_too() -> None:
    read = GatewaySettings(_env_file=None, **REQUIRED)  # pyright: ignore[reportCallIssue]
    keys = MemoryAccessKeys()
    with pytest.raises(ConfigurationError, match=r"GATEWAY_AUTH=required.*hitl key create NAME"):
        await refuse_an_empty_house(read, keys)
    with pytest.raises(ConfigurationError, match="Redis can't be asked for keys: away"):
        await refuse_an_empty_house(read, AwayKeys())
    await a_stored_key(keys)
    await refuse_an_empty_house(read, keys)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"gateway_oauth_issuer": ISSUER}, "belong together"),
        ({"gateway_oauth_jwks_url": f"{ISSUER}/jwks"}, "belong together"),
        ({"gateway_oauth_issuer": ISSUER, "gateway_oauth_jwks_url": f"{ISSUER}/k"}, "PUBLIC_URL"),
        ({"gateway_oauth_issuer": "http://id.example.org"}, "https://"),
        ({"gateway_public_url": "https://ask.example.org"}, "must end in /mcp"),
        ({"gateway_public_url": "ask.example.org/mcp"}, "must be an address"),
        ({"gateway_public_url": "https://me:pw@ask.example.org/mcp"}, "must be an address"),
        ({"gateway_trusted_proxies": "10.0.0.0/33"}, "IP addresses or networks"),
        ({"gateway_tls_certificate": "/no/such/file"}, "names no file"),
        ({"gateway_tls_key": __file__}, "belong together"),
        ({"gateway_body_limit": 1}, "greater than or equal to 10000"),
        ({"gateway_calls_per_second": 0}, "greater than 0"),
        ({"gateway_auth": "off"}, "'auto' or 'required'"),
    ],
)
def test_a_wrong_setting_is_refused_by_what_is_right(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GatewaySettings(_env_file=None, **settings)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("settings", [{}, {"gateway_api_keys": f"shop:{KEY}"}])
async def test_no_browser_lets_a_page_call(settings: dict[str, Any]) -> None:
    """A key in a page is everybody's; without keys a gateway would serve whatever page is open."""
    async with a_gateway(**settings) as visitor:
        for origin in ("https://shop.example", "http://127.0.0.1", "null"):
            answer = await visitor.preflight(origin)
            assert answer.status_code in {401, 405}
            assert not [name for name in answer.headers if name.startswith("access-control")]
        called = await visitor.send("tools/list", key=KEY)
        assert not [name for name in called.headers if name.startswith("access-control")]
