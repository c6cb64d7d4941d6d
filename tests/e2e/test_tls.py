"""The gateway speaks TLS itself, and says what is wrong where it can't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from support import processes
from support.certificates import Authority, private_pem
from support.discord_views import answer_text

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

NAME = "ask.example.org"
KEY = "shop-key-0123456789"


async def test_an_agent_that_trusts_the_authority_asks_over_tls_and_nothing_else_is_served(
    fleet: Fleet,
) -> None:
    authority = Authority(fleet.folder)
    certificate, key = authority.certify(NAME)
    gateway = processes.gateway(
        fleet.folder,
        {
            **fleet.env,
            "GATEWAY_HOST": "0.0.0.0",  # noqa: S104
            "GATEWAY_API_KEYS": f"shop:{KEY}",
            "GATEWAY_PUBLIC_URL": f"https://{NAME}/mcp",
            "GATEWAY_TLS_CERTIFICATE": str(certificate),
            "GATEWAY_TLS_KEY": str(key),
        },
    )
    fleet.gateways.append(gateway)
    gateway.start()
    await fleet.add_worker()
    plain = processes.gateway_url(gateway)
    url = plain.replace("http://", "https://")
    headers = {"Host": NAME, "Authorization": f"Bearer {KEY}"}
    async with asyncio.timeout(60):
        await gateway.until_logged("Uvicorn running on https://")
        async with httpx2.AsyncClient(headers=headers) as nobodys_friend:
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await nobodys_friend.get(url)
            with pytest.raises(httpx2.TransportError):
                await nobodys_friend.get(plain.replace("/mcp", "/healthz"))
        async with (
            httpx2.AsyncClient(verify=authority.trusted(), headers=headers, timeout=40) as http,
            Client(streamable_http_client(url, http_client=http)) as agent,
            asyncio.TaskGroup() as group,
        ):
            asking = group.create_task(agent.call_tool("ask_human", {"question": "10 % off?"}))
            thread = await fleet.double.until_thread("10 % off?")
            await fleet.double.person("Maya").write(thread, "ten is fine")
            assert answer_text(await asking) == "ten is fine"
    said = gateway.text()
    assert KEY not in said
    assert key.read_text().splitlines()[1] not in said
    assert '"url": "https://0.0.0.0:' in said


def missing(folder: Path) -> Path:
    return folder / "missing.pem"


def none(_folder: Path) -> str:
    return ""


def foreign_key(folder: Path) -> Path:
    file = folder / "foreign.key"
    file.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    return file


def sealed_key(folder: Path) -> Path:
    file = folder / "sealed.key"
    file.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1()), "a-passphrase"))
    return file


def no_pem(folder: Path) -> Path:
    file = folder / "no.pem"
    file.write_text("a-secret-that-is-no-pem\n")
    return file


@pytest.mark.parametrize(
    ("variable", "make", "said"),
    [
        ("GATEWAY_TLS_KEY", missing, "names no file"),
        ("GATEWAY_TLS_CERTIFICATE", missing, "names no file"),
        ("GATEWAY_TLS_KEY", none, "belong together"),
        ("GATEWAY_TLS_KEY", foreign_key, "is not the key of GATEWAY_TLS_CERTIFICATE="),
        ("GATEWAY_TLS_KEY", sealed_key, "without one (openssl pkey"),
        ("GATEWAY_TLS_KEY", no_pem, "holds no private key in PEM form"),
        ("GATEWAY_TLS_CERTIFICATE", no_pem, "holds no certificate in PEM form"),
    ],
)
def test_what_is_wrong_with_a_certificate_or_its_key_is_said_by_the_settings_name(
    tmp_path: Path, variable: str, make: Callable[[Path], Path | str], said: str
) -> None:
    certificate, key = Authority(tmp_path).certify(NAME)
    pair = {"GATEWAY_TLS_CERTIFICATE": str(certificate), "GATEWAY_TLS_KEY": str(key)}
    gateway = processes.gateway(tmp_path, {**pair, variable: str(make(tmp_path))})
    gateway.start()
    assert gateway.process is not None
    assert gateway.process.wait(20) == 2
    assert variable in gateway.text()
    assert said in gateway.text()
    assert "Traceback" not in gateway.text()
    assert "a-secret" not in gateway.text()
