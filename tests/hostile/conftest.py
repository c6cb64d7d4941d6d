"""One gateway for all bad requests of a run, and what its log may not hold in the end."""

from __future__ import annotations

from collections.abc import Generator
from uuid import uuid4

import pytest

from hitl import embedded_redis
from hostile.case import CUSTOMER
from hostile.house import House, a_house
from shared.redis_adapter.keys import Keys


@pytest.fixture(scope="session")
def house(
    valkey: embedded_redis.EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> Generator[House]:
    """Furnish the house; in the end its log holds no traceback, no proof and no customer's word."""
    folder = tmp_path_factory.mktemp("hostile")
    with a_house(folder, valkey.url, Keys(f"test-{uuid4().hex[:12]}")) as house:
        yield house
    log = house.gateway.text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
    assert CUSTOMER not in log
    for name, proof in house.values.items():
        assert len(proof) < 40 or proof not in log, name
