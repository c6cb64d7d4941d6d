"""Proofs that prove nothing: no key, another's, a stale one, a forged token, too little allowed."""

from __future__ import annotations

from typing import Final

from hostile.case import ERAS, HANDSHAKE, STATELESS, Case, Right, call, request

UNKNOWN: Final = Right(
    401, headers={"www-authenticate": "resource_metadata="}, says=("invalid_token",)
)
TOO_LITTLE: Final = Right(
    403, headers={"www-authenticate": "insufficient_scope"}, says=("Required scope: ask",)
)

_STORED: Final = (
    "revoked_key",
    "expired_key",
    "wrong_secret",
    "no_secret",
    "cut_secret",
    "longer_secret",
    "unknown_key",
    "key_with_a_place",
)
_TOKENS: Final = (
    "expired",
    "just_expired",
    "not_yet",
    "issued_later",
    "without_expiry",
    "without_issuer",
    "without_audience",
    "without_agent",
    "blank_agent",
    "agent_of_no_text",
    "agent_of_half_a_pair",
    "long_agent_of_half_a_pair",
    "other_audience",
    "longer_audience",
    "other_issuer",
    "text_as_expiry",
    "endless_expiry",
    "foreign_signature",
    "unknown_key_id",
    "key_id_as_path",
    "key_of_another_kind",
    "without_signature",
    "cut_signature",
    "changed_claims",
    "two_parts",
    "four_parts",
    "alg_none",
    "alg_none_in_capitals",
    "alg_by_shared_secret",
    "alg_as_list",
    "key_id_as_number",
    "without_key_id",
    "detached_claims",
    "critical_extension",
    "key_brought_along",
    "header_of_no_object",
    "header_that_nests",
    "header_with_a_huge_number",
    "header_of_no_json",
    "claims_of_no_object",
    "claims_of_no_utf8",
    "claims_that_nest",
)
_SCOPES: Final = ("other_scope", "without_scope", "scope_in_a_word", "scope_as_number")
_HEADERS: Final = (
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer  <<shop_key>>",
    "Basic c2hvcDprZXk=",
    "Digest username=shop",
    "<<shop_key>>",
    "Bearer: <<shop_key>>",
    "Token <<shop_key>>",
    "Bearer <<shop_key>>, Bearer <<bank_key>>",
    "Bearer shop:<<shop_key>>",
    "Bearer \xff\xfe",
    "Bearer " + "A" * 30_000,
    "Bearer ../../etc/passwd",
    "Bearer ' OR 1=1 --",
)

CASES: Final = [
    *(
        Case(
            f"Authorization {str(value)[:40]!r}",
            call(HANDSHAKE, "list_questions", {}, Authorization=value),
            UNKNOWN,
        )
        for value in _HEADERS
    ),
    *(
        Case(
            f"a key: {name}",
            call(HANDSHAKE, "list_questions", {}, Authorization=f"Bearer <<{name}>>"),
            UNKNOWN,
        )
        for name in _STORED
    ),
    *(
        Case(
            f"a token: {name}",
            call(STATELESS, "list_questions", {}, Authorization=f"Bearer <<{name}>>"),
            UNKNOWN,
        )
        for name in _TOKENS
    ),
    *(
        Case(
            f"a token: {name}",
            call(STATELESS, "list_questions", {}, Authorization=f"Bearer <<{name}>>"),
            TOO_LITTLE,
        )
        for name in _SCOPES
    ),
    *(
        Case(f"no proof, and {name}", sent, UNKNOWN)
        for name, sent in (
            (
                "a method that there is not",
                request(HANDSHAKE, "tools/delete", {}, Authorization=None),
            ),
            (
                "a foreign Host",
                call(HANDSHAKE, "list_questions", {}, Authorization=None, Host="evil.example"),
            ),
            (
                "a body of the wrong type",
                call(
                    HANDSHAKE, "list_questions", {}, Authorization=None, Content_Type="text/plain"
                ),
            ),
        )
    ),
    *(
        Case(
            f"a key for another route ({era})",
            call(
                era,
                "ask_human",
                {"question": "May I?"},
                Authorization="Bearer <<key_for_elsewhere>>",
            ),
            Right(200, is_error=True, says=("route: must be one of none", "no route")),
        )
        for era in ERAS
    ),
]
