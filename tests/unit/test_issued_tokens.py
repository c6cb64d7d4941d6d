"""Which tokens of an OAuth issuer open the gateway, and as whom."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Generator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from support.oauth_issuer import AUDIENCE, ISSUER, Issuer

from mcp_gateway.door.issued_tokens import (
    AGAIN_SECONDS,
    FRESH_SECONDS,
    TRIED,
    IssuedTokens,
    SigningKeys,
)
from shared.errors import StoreUnavailableError
from shared.limits import Limits

LIMITS = Limits(calls_per_second=5, open_questions=7)


def hmac_signed(claims: dict[str, Any], secret: bytes) -> str:
    """Sign with a public key as if it were a shared secret, which PyJWT itself refuses to do."""
    header = {"alg": "HS256", "kid": "key-1", "typ": "JWT"}
    body = b".".join(unpadded(json.dumps(part).encode()) for part in (header, claims))
    return b".".join([body, unpadded(hmac.digest(secret, body, "sha256"))]).decode()


def unpadded(raw: bytes) -> bytes:
    """Write bytes as tokens do."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


class Monotonic:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def url(issuer: Issuer) -> Generator[str]:
    issuer.reads, issuer.is_away = 0, False
    with issuer.serving() as where:
        yield where


@pytest.fixture
def clock() -> Monotonic:
    return Monotonic()


@pytest.fixture
def door(url: str, clock: Monotonic) -> IssuedTokens:
    return a_door(url, clock)


def a_door(url: str, clock: Monotonic, *, tenant_claim: str = "") -> IssuedTokens:
    """Make what checks tokens of the issuer at this address."""
    return IssuedTokens(
        SigningKeys(url, clock=clock),
        issuer=ISSUER,
        audience=AUDIENCE,
        limits=LIMITS,
        tenant_claim=tenant_claim,
    )


async def test_a_token_names_its_agent_and_what_it_may(door: IssuedTokens, issuer: Issuer) -> None:
    token = issuer.token()
    known = await door.who(token)
    assert known is not None
    assert (known.caller.agent, known.caller.tenant) == ("shop", "oauth:shop")
    assert known.caller.limits == LIMITS
    assert known.scopes == ["ask", "other"]
    assert token not in repr(known)


@pytest.mark.parametrize(
    ("claims", "agent"),
    [
        ({"client_id": None, "azp": "web"}, "web"),
        ({"client_id": None}, "subject-1"),
        ({"client_id": " ", "azp": 5}, "subject-1"),
    ],
)
async def test_an_agents_name_is_the_first_that_the_token_has(
    door: IssuedTokens, issuer: Issuer, claims: dict[str, Any], agent: str
) -> None:
    known = await door.who(issuer.token(**claims))
    assert known is not None
    assert known.caller.agent == agent


@pytest.mark.parametrize("name", ["a\ud800", "a" * 70 + "\ud800", "\udc00", "a\0b"])
@pytest.mark.parametrize("claim", ["client_id", "org"])
async def test_a_name_that_is_no_text_is_nobodys(
    url: str, clock: Monotonic, issuer: Issuer, name: str, claim: str
) -> None:
    """A token is signed by the issuer; what stands in it may be a user's own words."""
    door = a_door(url, clock, tenant_claim="org")
    assert await door.who(issuer.token(org="acme")) is not None
    claims: dict[str, Any] = {"org": "acme", claim: name}
    assert await door.who(issuer.token(**claims)) is None


async def test_a_long_id_of_a_client_stays_its_own_whoever_it_acts_for(
    door: IssuedTokens, issuer: Issuer
) -> None:
    """Ids of clients are addresses nowadays, and longer than a name may be."""
    ids = [f"https://{'x' * 80}.example/{each}" for each in ("a", "b")]
    names: set[tuple[str, str]] = set()
    for each in (*ids, "x" * 64, "x" * 65):
        known = await door.who(issuer.token(client_id=each, sub="the same user"))
        assert known is not None
        assert len(known.caller.agent) == 64
        assert known.caller.tenant == f"oauth:{known.caller.agent}"
        names.add((known.caller.agent, known.caller.tenant))
    assert len(names) == 4
    again = await door.who(issuer.token(client_id=ids[0], sub=None))
    assert again is not None
    assert (again.caller.agent, again.caller.tenant) in names


async def test_a_claim_can_name_the_tenant_and_then_must(
    url: str, clock: Monotonic, issuer: Issuer
) -> None:
    door = a_door(url, clock, tenant_claim="org")
    known = await door.who(issuer.token(org="acme"))
    assert known is not None
    assert known.caller.tenant == "oauth:acme"
    assert await door.who(issuer.token()) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example/mcp"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 600},
        {"iat": int(time.time()) + 600},
        {"client_id": None, "sub": None},
        {"client_id": "\u200b", "sub": None},
    ],
)
async def test_a_token_that_is_not_for_us_or_not_for_now_opens_nothing(
    door: IssuedTokens, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert await door.who(issuer.token(**claims)) is None


async def test_a_forged_token_opens_nothing(door: IssuedTokens, issuer: Issuer) -> None:
    stranger = Issuer()
    assert await door.who(stranger.token()) is None
    head, body, _ = issuer.token().split(".")
    _, other, signature = issuer.token(client_id="bank").split(".")
    assert await door.who(f"{head}.{other}.{_}") is None
    assert await door.who(f"{head}.{body}.{signature}") is None
    assert await door.who(f"{head}.{body}.") is None


async def test_neither_no_algorithm_nor_a_shared_secret_is_taken(
    door: IssuedTokens, issuer: Issuer
) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "key-1"})
    assert await door.who(unsigned) is None
    public = jwt.PyJWK(issuer.published[0]).key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert await door.who(hmac_signed(claims, public)) is None


async def test_a_token_must_be_signed_as_its_key_is_meant(url: str, clock: Monotonic) -> None:
    issuer = Issuer()
    issuer.add_ec("key-2")
    with issuer.serving() as where:
        door = a_door(where, clock)
        assert await door.who(issuer.token(key_id="key-2", algorithm="ES256")) is not None
        assert await door.who(issuer.token(algorithm="RS512")) is None


@pytest.mark.parametrize("keys_are_named", [True, False])
@pytest.mark.parametrize("token_is_named", [True, False])
async def test_neither_tokens_nor_keys_need_an_id(
    clock: Monotonic, keys_are_named: bool, token_is_named: bool
) -> None:
    issuer = Issuer()
    issuer.add_ec("key-2")
    issuer.add_rsa("key-3")
    if not keys_are_named:
        issuer.unname()
    with issuer.serving() as where:
        door = a_door(where, clock)
        for key_id, algorithm in (("key-1", "RS256"), ("key-2", "ES256"), ("key-3", "RS256")):
            token = issuer.token(key_id=key_id, algorithm=algorithm, named=token_is_named)
            assert await door.who(token) is not None
        assert issuer.reads == 1


@pytest.mark.parametrize("named", [True, False])
async def test_without_ids_too_a_forged_token_opens_nothing_and_has_the_issuer_asked_seldom(
    clock: Monotonic, named: bool
) -> None:
    issuer, stranger = Issuer(), Issuer()
    issuer.add_ec("key-2")
    stranger.add_ec("key-2")
    issuer.unname()
    with issuer.serving() as where:
        door = a_door(where, clock)
        for _ in range(3):
            assert await door.who(stranger.token(named=named)) is None
            foreign = stranger.token(key_id="key-2", algorithm="ES256", named=named)
            assert await door.who(foreign) is None
        assert issuer.reads == 1
        claims = jwt.decode(issuer.token(), options={"verify_signature": False})
        assert await door.who(jwt.encode(claims, "", algorithm="none")) is None
        for each in issuer.published:
            public = jwt.PyJWK(each).key.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            assert await door.who(hmac_signed(claims, public)) is None
        assert await door.who(issuer.token(algorithm="RS512", named=named)) is None
        assert await door.who(issuer.token(aud="https://other.example/mcp", named=named)) is None


async def test_a_key_that_is_not_for_signatures_or_is_a_shared_secret_signs_nothing(
    clock: Monotonic,
) -> None:
    issuer = Issuer()
    issuer.add_rsa("key-2")
    issuer.unname()
    issuer.published[1]["use"] = "enc"
    secret = unpadded(b"0123456789abcdef0123456789abcdef")
    issuer.published.append({"kty": "oct", "k": secret.decode()})
    with issuer.serving() as where:
        door = a_door(where, clock)
        assert await door.who(issuer.token(named=False)) is not None
        assert await door.who(issuer.token(key_id="key-2", named=False)) is None
        claims = jwt.decode(issuer.token(), options={"verify_signature": False})
        known = b"0123456789abcdef0123456789abcdef"
        assert await door.who(jwt.encode(claims, known, algorithm="HS256")) is None


async def test_a_new_key_without_an_id_is_found_and_a_withdrawn_one_is_forgotten(
    clock: Monotonic,
) -> None:
    issuer = Issuer()
    issuer.unname()
    with issuer.serving() as where:
        door = a_door(where, clock)
        old = issuer.token(named=False)
        assert await door.who(old) is not None
        issuer.add_rsa("key-2")
        issuer.unname()
        del issuer.published[0]
        new = issuer.token(key_id="key-2", named=False)
        assert await door.who(new) is None, "they were read a moment ago"
        clock.now += AGAIN_SECONDS
        assert await door.who(new) is not None
        assert await door.who(old) is None


async def test_so_many_keys_are_tried_for_a_token_that_names_none_and_no_more(
    clock: Monotonic,
) -> None:
    issuer = Issuer()
    for number in range(2, TRIED + 2):
        issuer.add_rsa(f"key-{number}")
    with issuer.serving() as where:
        door = a_door(where, clock)
        assert await door.who(issuer.token(key_id=f"key-{TRIED}", named=False)) is not None
        assert await door.who(issuer.token(key_id=f"key-{TRIED + 1}", named=False)) is None
        assert await door.who(issuer.token(key_id=f"key-{TRIED + 1}")) is not None


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "..", "hitl_0123456789ab_x", "é.é.é", "\ud800"]
)
async def test_what_is_no_token_is_nobodys(door: IssuedTokens, issuer: Issuer, token: str) -> None:
    assert await door.who(token) is None
    assert issuer.reads == 0


async def test_tokens_with_invented_keys_have_the_issuer_asked_now_and_then_only(
    door: IssuedTokens, issuer: Issuer, clock: Monotonic
) -> None:
    stranger = Issuer()
    stranger.add_rsa("invented")
    for _ in range(5):
        assert await door.who(stranger.token(key_id="invented")) is None
    assert issuer.reads == 1
    clock.now += AGAIN_SECONDS
    assert await door.who(stranger.token(key_id="invented")) is None
    assert issuer.reads == 2


async def test_a_new_key_of_the_issuers_is_found_and_a_withdrawn_one_is_forgotten(
    clock: Monotonic,
) -> None:
    issuer = Issuer()
    with issuer.serving() as where:
        door = a_door(where, clock)
        old = issuer.token()
        assert await door.who(old) is not None
        issuer.add_rsa("key-2")
        del issuer.published[0]
        clock.now += AGAIN_SECONDS
        assert await door.who(issuer.token(key_id="key-2")) is not None
        assert await door.who(old) is None


async def test_an_issuer_that_does_not_answer_makes_nobody_a_stranger(
    door: IssuedTokens, issuer: Issuer, clock: Monotonic
) -> None:
    issuer.is_away = True
    with pytest.raises(StoreUnavailableError):
        await door.who(issuer.token())
    issuer.is_away = False
    with pytest.raises(StoreUnavailableError):
        await door.who(issuer.token())  # it was asked a moment ago
    clock.now += AGAIN_SECONDS
    assert await door.who(issuer.token()) is not None
    issuer.is_away = True
    clock.now += FRESH_SECONDS - 1
    assert await door.who(issuer.token()) is not None, "what was read counts for a while"
    clock.now += 1
    with pytest.raises(StoreUnavailableError):
        await door.who(issuer.token())
