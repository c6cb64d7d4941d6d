"""Who gets in: other sites and rebound names do not, and a password opens a session."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from desk.conftest import PASSWORD, Desk
from escalation_worker.desk import app as desk_app
from escalation_worker.desk.sessions import COOKIE, FAILURES_ALLOWED


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer wrong passwords at once."""
    monkeypatch.setattr(desk_app, "WRONG_PASSWORD_SECONDS", 0.0)


async def _post(desk: Desk, **headers: str) -> httpx2.Response:
    question = await desk.asked()
    return await desk.client.post(
        f"/api/questions/{question.id}/answer",
        json={"text": "yes", "source": "submission-1"},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8780", "localhost", "LOCALHOST:1", "[::1]:8780"])
async def test_a_desk_without_a_password_is_reached_by_loopback_names(
    desk: Desk, host: str
) -> None:
    assert (await desk.client.get("/", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["desk.example", "127.0.0.1.evil.example", "localhost.evil.example", "[", "", "10.0.0.7"],
)
@pytest.mark.parametrize("path", ["/", "/api/questions", "/api/events", "/static/page.js"])
async def test_a_rebound_name_is_refused_everywhere(desk: Desk, host: str, path: str) -> None:
    assert (await desk.client.get(path, headers={"host": host})).status_code == 403


async def test_health_is_told_to_anybody(desk: Desk, locked_desk: Desk) -> None:
    assert (await desk.client.get("/healthz", headers={"host": "pod"})).json() == {"status": "ok"}
    assert (await locked_desk.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:8779",
        "http://localhost:8780",
        "null",
        "",
        "file://127.0.0.1:8780",
        "http://127.0.0.1:8780.evil.example",
    ],
)
async def test_another_sites_post_is_refused(desk: Desk, origin: str) -> None:
    assert (await _post(desk, origin=origin)).status_code == 403


async def test_the_desks_own_page_and_a_program_may_post(desk: Desk) -> None:
    assert (await _post(desk, origin="http://127.0.0.1:8780")).status_code == 200
    assert (await _post(desk)).status_code == 200


async def test_a_post_that_the_browser_calls_cross_site_is_refused(desk: Desk) -> None:
    assert (await _post(desk, sec_fetch_site="cross-site")).status_code == 403
    assert (await _post(desk, sec_fetch_site="same-site")).status_code == 403


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_what_a_foreign_form_can_send_is_refused(desk: Desk, media_type: str) -> None:
    assert (await _post(desk, content_type=media_type)).status_code == 415


async def test_every_answer_forbids_foreign_content_and_foreign_frames(
    desk: Desk, locked_desk: Desk
) -> None:
    for path in ("/", "/api/questions", "/static/page.js", "/nowhere"):
        headers = (await desk.client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self' http://127.0.0.1:* http://localhost:*" in policy
        assert headers["x-content-type-options"] == "nosniff"
    locked = (await locked_desk.client.get("/login")).headers["content-security-policy"]
    assert locked.endswith("frame-ancestors 'self'")


async def test_without_a_session_nothing_is_shown_or_taken(locked_desk: Desk) -> None:
    question = await locked_desk.asked()
    page = await locked_desk.client.get("/")
    assert (page.status_code, page.headers["location"]) == (303, "/login")
    assert (await locked_desk.client.get("/api/questions")).status_code == 401
    assert (await locked_desk.client.get("/api/events")).status_code == 401
    assert (await locked_desk.answer(question.id)).status_code == 401
    assert await locked_desk.outcome(question) is None


async def _log_in(desk: Desk, password: str = PASSWORD) -> httpx2.Response:
    return await desk.client.post("/api/login", json={"password": password})


async def test_the_password_opens_a_session_that_scripts_and_other_sites_cannot_use(
    locked_desk: Desk,
) -> None:
    response = await _log_in(locked_desk)
    assert response.status_code == 200
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert PASSWORD not in cookie
    assert (await locked_desk.client.get("/")).status_code == 200
    question = await locked_desk.asked()
    assert (await locked_desk.answer(question.id)).status_code == 200
    assert (await locked_desk.client.get("/api/questions")).json()["login"] is True


async def test_logging_out_closes_the_session_in_the_browser(locked_desk: Desk) -> None:
    await _log_in(locked_desk)
    await locked_desk.client.post("/api/logout", json={})
    assert (await locked_desk.client.get("/api/questions")).status_code == 401


async def test_the_cookie_is_for_tls_only_where_there_is_tls(locked_desk: Desk) -> None:
    assert "secure" not in (await _log_in(locked_desk)).headers["set-cookie"].lower()
    response = await locked_desk.client.post(
        "https://desk.example/api/login", json={"password": PASSWORD}
    )
    assert "secure" in response.headers["set-cookie"].lower()


async def test_a_forged_or_altered_cookie_is_worth_nothing(locked_desk: Desk) -> None:
    await _log_in(locked_desk)
    genuine = locked_desk.client.cookies[COOKIE]
    body, _, signature = genuine.partition(".")
    expires, _, nonce = body.partition("-")
    for forged in (
        f"{int(expires) + 1}-{nonce}.{signature}",
        f"{body}.{signature[:-1]}",
        f"{body}.",
        "",
        ".",
        "é.é",
    ):
        headers = {"cookie": f"{COOKIE}={forged}".encode()}
        locked_desk.client.cookies.clear()
        response = await locked_desk.client.get(
            "/api/questions", headers=[(b"cookie", headers["cookie"])]
        )
        assert response.status_code == 401, forged
    headers = {"cookie": f"other=1; {COOKIE}={genuine}"}
    response = await locked_desk.client.get("/api/questions", headers=headers)
    assert response.status_code == 200


async def test_a_session_ends_by_itself(locked_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await _log_in(locked_desk)
    monkeypatch.setattr("escalation_worker.desk.sessions.time.time", lambda: 4e9)
    assert (await locked_desk.client.get("/api/questions")).status_code == 401


async def test_guessing_the_password_is_braked(locked_desk: Desk) -> None:
    for _ in range(FAILURES_ALLOWED):
        assert (await _log_in(locked_desk, "guess")).status_code == 401
    response = await _log_in(locked_desk)
    assert response.status_code == 429
    assert 0 < int(response.headers["retry-after"]) <= 61


async def test_guesses_made_at_once_are_counted_like_any_others(locked_desk: Desk) -> None:
    responses = await asyncio.gather(*(_log_in(locked_desk, f"guess {n}") for n in range(20)))
    statuses = [response.status_code for response in responses]
    assert statuses.count(401) == FAILURES_ALLOWED
    assert statuses.count(429) == 20 - FAILURES_ALLOWED


async def test_another_site_cannot_log_the_browser_in(locked_desk: Desk) -> None:
    response = await locked_desk.client.post(
        "/api/login", json={"password": PASSWORD}, headers={"origin": "https://evil.example"}
    )
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_a_desk_without_a_password_needs_no_login(desk: Desk) -> None:
    response = await desk.client.post("/api/login", json={"password": "any"})
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
