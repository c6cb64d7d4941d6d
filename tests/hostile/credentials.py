"""Proofs of every bad kind: forged, stale and misdirected tokens, keys that open nothing now."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from support.oauth_issuer import AUDIENCE, ISSUER, Issuer

from shared.access_keys import AccessKey, as_token, digest_of, new_secret
from shared.ports.clock import utc_now
from shared.redis_adapter.access_keys import RedisAccessKeys
from shared.redis_adapter.connection import open_client
from shared.redis_adapter.keys import Keys
from shared.settings import StoreSettings


def tokens(issuer: Issuer) -> dict[str, str]:
    """Make a good token of the issuer's, and bad ones, by name."""
    now = int(time.time())
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = issuer.token()
    signed_header, body, signature = good.split(".")
    return {
        "good_token": good,
        "expired": issuer.token(exp=now - 3600),
        "just_expired": issuer.token(exp=now - 60),
        "not_yet": issuer.token(nbf=now + 3600),
        "issued_later": issuer.token(iat=now + 3600),
        "without_expiry": issuer.token(exp=None),
        "without_issuer": issuer.token(iss=None),
        "without_audience": issuer.token(aud=None),
        "without_agent": issuer.token(sub=None, client_id=None),
        "blank_agent": issuer.token(client_id=" ", sub="\u200b"),
        "agent_of_no_text": issuer.token(client_id=["x"], azp=5, sub=None),
        "agent_of_half_a_pair": issuer.token(client_id="shop\ud800"),
        "long_agent_of_half_a_pair": issuer.token(client_id="a" * 70 + "\ud800"),
        "other_audience": issuer.token(aud="https://elsewhere.example/mcp"),
        "longer_audience": issuer.token(aud=f"{AUDIENCE}/admin"),
        "other_issuer": issuer.token(iss="https://id.example.org.evil.example"),
        "text_as_expiry": issuer.token(exp="soon"),
        "endless_expiry": issuer.token(exp=1e400),
        "other_scope": issuer.token(scope="read"),
        "without_scope": issuer.token(scope=None),
        "scope_in_a_word": issuer.token(scope="asking task"),
        "scope_as_number": issuer.token(scope=7),
        "foreign_signature": issuer.token(key=stranger),
        "unknown_key_id": issuer.token(key_id="key-9", key=stranger),
        "key_id_as_path": issuer.token(key_id="../../key-1", key=stranger),
        "key_of_another_kind": issuer.token(key_id="key-2", key=stranger),
        "without_signature": f"{signed_header}.{body}.",
        "cut_signature": f"{signed_header}.{body}.{signature[:-8]}",
        "changed_claims": f"{signed_header}.{_part({'iss': ISSUER, 'aud': AUDIENCE})}.{signature}",
        "two_parts": f"{signed_header}.{body}",
        "four_parts": f"{good}.{signature}",
        "alg_none": _forged({"alg": "none", "kid": "key-1"}, now, b""),
        "alg_none_in_capitals": _forged({"alg": "NONE", "kid": "key-1"}, now, b""),
        "alg_by_shared_secret": _by_public_key(issuer, now),
        "alg_as_list": _forged({"alg": ["RS256"], "kid": "key-1"}, now, b"x"),
        "key_id_as_number": _forged({"alg": "RS256", "kid": 1}, now, b"x"),
        "without_key_id": _forged({"alg": "RS256"}, now, b"x"),
        "detached_claims": _forged({"alg": "RS256", "kid": "key-1", "b64": False}, now, b"x"),
        "critical_extension": _forged({"alg": "RS256", "kid": "key-1", "crit": ["exp"]}, now, b"x"),
        "key_brought_along": _with_own_key(stranger, now),
        "header_of_no_object": ".".join([_raw(b"[]"), body, signature]),
        "header_that_nests": ".".join([_raw(b"[" * 20_000), body, signature]),
        "header_with_a_huge_number": ".".join(
            [_raw(b'{"kid": 1%s}' % (b"0" * 5000)), body, signature]
        ),
        "header_of_no_json": ".".join([_raw(b"{{"), body, signature]),
        "claims_of_no_object": issuer.signed(b"[1]"),
        "claims_of_no_utf8": issuer.signed(b"\xff\xfe"),
        "claims_that_nest": issuer.signed(b"[" * 20_000),
    }


async def stored_keys(settings: StoreSettings, keys: Keys) -> dict[str, str]:
    """Keep keys as `hitl key create` does, and bring each into another state."""
    async with open_client(settings) as redis:
        kept = RedisAccessKeys(redis, keys)

        async def made(agent: str, **limits: Any) -> tuple[str, str]:
            key_id, secret = new_secret()
            now = utc_now()
            key = AccessKey(
                id=key_id,
                agent=agent,
                tenant=agent,
                digest=digest_of(secret),
                created_at=now,
                expires_at=now + timedelta(hours=1),
                **limits,
            )
            await kept.keep(key)
            return key_id, as_token(key_id, secret)

        good_id, good = await made("phone")
        revoked_id, revoked = await made("former")
        await kept.revoke(revoked_id)
        expired_id, expired = await made("late")
        await redis.pexpireat(keys.access_key(expired_id), utc_now())
        _, elsewhere = await made("elsewhere", routes=("billing",))
    return {
        "stored_key": good,
        "revoked_key": revoked,
        "expired_key": expired,
        "key_for_elsewhere": elsewhere,
        "wrong_secret": as_token(good_id, "A" * 43),
        "no_secret": as_token(good_id, ""),
        "cut_secret": good[:-1],
        "longer_secret": f"{good}A",
        "unknown_key": as_token("0" * 12, "A" * 43),
        "key_with_a_place": as_token("a:b*[c]?d\\e.", "A" * 43),
    }


def _claims(now: int) -> dict[str, Any]:
    return {"iss": ISSUER, "aud": AUDIENCE, "client_id": "shop", "scope": "ask", "exp": now + 300}


def _part(value: object) -> str:
    return _raw(json.dumps(value).encode())


def _raw(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _forged(header: dict[str, Any], now: int, signature: bytes) -> str:
    return ".".join([_part({"typ": "JWT", **header}), _part(_claims(now)), _raw(signature)])


def _by_public_key(issuer: Issuer, now: int) -> str:
    """Sign with a public key as if it were a shared secret, which PyJWT itself refuses to do."""
    public = jwt.PyJWK(issuer.published[0]).key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = ".".join([_part({"alg": "HS256", "kid": "key-1"}), _part(_claims(now))])
    return f"{signed}.{_raw(hmac.digest(public, signed.encode(), 'sha256'))}"


def _with_own_key(stranger: rsa.RSAPrivateKey, now: int) -> str:
    """Sign with a key that stands in the token itself."""
    own = json.loads(RSAAlgorithm.to_jwk(stranger.public_key()))
    named = {"kid": "key-1", "jwk": own, "jku": "http://127.0.0.1:1/jwks"}
    return jwt.encode(_claims(now), stranger, algorithm="RS256", headers=named)
