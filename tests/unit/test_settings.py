from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from escalation_worker.bots import read_bots
from escalation_worker.settings import WorkerSettings
from mcp_gateway.door.assembling import closed_by_keys, refuse_an_empty_house
from mcp_gateway.door.auth import ConfiguredKeys, Doorkeepers
from mcp_gateway.settings import GatewaySettings
from shared.access_keys import AccessKey, digest_of
from shared.errors import ConfigurationError
from shared.memory.access import MemoryAccessKeys
from shared.ports.clock import utc_now
from shared.settings import load


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where no .env lies."""
    monkeypatch.chdir(tmp_path)


def test_the_defaults_serve_this_host_only() -> None:
    assert load(GatewaySettings).is_loopback
    assert load(WorkerSettings).desk_host == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.53"])
def test_loopback_needs_no_keys(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("GATEWAY_HOST", host)
    assert load(GatewaySettings).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "gateway.example"])  # noqa: S104
async def test_any_other_host_does(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("GATEWAY_HOST", host)
    settings = load(GatewaySettings)
    assert settings.is_closed
    with pytest.raises(
        ConfigurationError, match=r"hitl key create NAME.*GATEWAY_HOST=127\.0\.0\.1"
    ):
        await refuse_an_empty_house(settings, MemoryAccessKeys())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_PUBLIC_URL", "https://ask.example.org/mcp"),
        ("GATEWAY_TRUSTED_PROXIES", "127.0.0.1"),
        ("GATEWAY_ALLOWED_HOSTS", "localhost,ask.example.org:8443"),
    ],
)
async def test_a_gateway_behind_a_proxy_does_although_it_listens_on_loopback(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    settings = load(GatewaySettings)
    assert settings.is_closed
    with pytest.raises(ConfigurationError, match=rf"{name}.*hitl key create NAME"):
        await refuse_an_empty_house(settings, MemoryAccessKeys())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_PUBLIC_URL", "http://LOCALHOST:8765/mcp"),
        ("GATEWAY_ALLOWED_HOSTS", "localhost:9000, 127.0.0.2, [0:0::1]:8765"),
    ],
)
def test_a_gateway_that_goes_by_this_hosts_own_names_does_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert not load(GatewaySettings).is_closed


async def test_a_key_that_was_made_closes_the_house_on_loopback_too() -> None:
    settings, keys = load(GatewaySettings), MemoryAccessKeys()
    assert not (await closed_by_keys(settings, keys)).is_closed
    now = utc_now()
    key = AccessKey(
        id="0123456789ab",
        agent="shop",
        tenant="shop",
        digest=digest_of("secret"),
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    await keys.keep(key)
    assert (await closed_by_keys(settings, keys)).is_closed


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("shop", "pairs"),
        ("shop:", "pairs"),
        (":0123456789abcdef", "pairs"),
        ("shop:short", "at least 16"),
        ("shop:0123456789abcdef,shop:0123456789abcdeg", "twice"),
        ("shop:0123456789abcdef,bank:0123456789abcdef", "same key"),
    ],
)
def test_wrong_keys_are_refused_without_showing_them(
    monkeypatch: pytest.MonkeyPatch, keys: str, said: str
) -> None:
    monkeypatch.setenv("GATEWAY_API_KEYS", keys)
    with pytest.raises(ConfigurationError, match=said) as refused:
        load(GatewaySettings)
    assert "0123456789abcde" not in str(refused.value)


def test_secrets_do_not_show_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_API_KEYS", "shop:0123456789abcdef")
    monkeypatch.setenv("REDIS_URL", "redis://:hidden-word@127.0.0.1/0")
    shown = repr(load(GatewaySettings))
    assert "0123456789abcdef" not in shown
    assert "hidden-word" not in shown


async def test_a_key_names_its_agent_and_no_other_key_names_anyone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEWAY_API_KEYS", "shop:0123456789abcdef, bank:fedcba9876543210")
    settings = load(GatewaySettings)
    verifier = Doorkeepers(ConfiguredKeys(settings.gateway_api_keys, settings.limits))
    token = await verifier.verify_token("fedcba9876543210")
    assert token is not None
    assert token.client_id == "bank/bank"
    assert "fedcba9876543210" not in repr(token)
    for wrong in ("", "fedcba987654321", "fedcba98765432100", "é", "\ud800"):
        assert await verifier.verify_token(wrong) is None


def test_the_examples_three_settings_make_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret-token")
    monkeypatch.setenv("DISCORD_USER_ID", "731482065947918336")
    monkeypatch.setenv("DISCORD_CHANNEL_ID", "1182731077223653381")
    monkeypatch.setenv("DISCORD_OPERATOR_ROLE_IDS", " 1, 2 ,")
    settings = load(WorkerSettings)
    assert read_bots(settings).keys() == {"DISCORD_TOKEN"}
    assert settings.discord_operator_role_ids == {1, 2}
    assert "secret-token" not in repr(settings)


def test_an_empty_token_means_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "")
    assert read_bots(load(WorkerSettings)) == {}


def test_sentinels_are_read_with_and_without_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_SENTINELS", "one, two:26380 ,[::1]:26381,")
    monkeypatch.setenv("REDIS_SENTINEL_PASSWORD", "hidden-word")
    settings = load(GatewaySettings)
    assert settings.redis_sentinels == (("one", 26379), ("two", 26380), ("::1", 26381))
    assert "hidden-word" not in repr(settings)


@pytest.mark.parametrize(
    "sentinels", ["one:port", ":26379", "redis://one", "user:hidden-word@one:26379", "[::1", "a/b"]
)
def test_wrong_sentinels_are_refused_by_name_and_without_their_value(
    monkeypatch: pytest.MonkeyPatch, sentinels: str
) -> None:
    monkeypatch.setenv("REDIS_SENTINELS", sentinels)
    with pytest.raises(ConfigurationError, match=r"^REDIS_SENTINELS: .*host:26379") as refused:
        load(GatewaySettings)
    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REDIS_URL", "http://one", "REDIS_URL: must start with"),
        ("REDIS_URL", "redis://:hidden/word@one:6379/0", "REDIS_URL: .*%2F"),
        ("REDIS_SENTINEL_SERVICE", "my master", "REDIS_SENTINEL_SERVICE"),
        ("REDIS_WAIT_REPLICAS", "-1", "REDIS_WAIT_REPLICAS"),
        ("REDIS_WAIT_MILLISECONDS", "5000", "REDIS_WAIT_MILLISECONDS"),
    ],
)
def test_what_is_wrong_about_redis_is_said_at_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=said) as refused:
        load(WorkerSettings)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("scopes", ['ask"', "ask\\", "ask café", "ask\x7f"])
def test_what_can_be_no_scope_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, scopes: str
) -> None:
    monkeypatch.setenv("GATEWAY_OAUTH_SCOPES", scopes)
    with pytest.raises(ConfigurationError, match=r"GATEWAY_OAUTH_SCOPES: .*is no scope"):
        load(GatewaySettings)


def test_a_socket_has_no_sentinels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "unix:///run/redis.sock")
    monkeypatch.setenv("REDIS_SENTINELS", "one")
    with pytest.raises(ConfigurationError, match="REDIS_SENTINELS is set"):
        load(WorkerSettings)
