"""How long a call is held, by what its client says of itself or is known for."""

from __future__ import annotations

import pytest

from mcp_gateway.holding import Patience, hold_seconds

PATIENCE = Patience(plain=25, told=50)
VIDEOSDK = {"user-agent": "python-httpx/0.28.1"}
NEWER = {"user-agent": "python-httpx2/2.16.2"}


def held(
    headers: dict[str, str] | None = None, *, wanted: float | None = None, progress: bool = False
) -> float:
    """Decide it with the usual patience."""
    return hold_seconds(PATIENCE, headers, wanted=wanted, progress=progress)


def test_a_client_of_which_nothing_is_known_is_held_as_set() -> None:
    assert held() == held({}) == held(NEWER) == 25
    assert held(NEWER, wanted=300) == 300


def test_a_client_that_hears_of_progress_comes_back_before_most_give_up() -> None:
    assert held(NEWER, progress=True) == 50
    assert held(NEWER, progress=True, wanted=300) == 300


def test_a_client_of_the_sdks_first_version_comes_back_before_its_five_seconds() -> None:
    assert held(VIDEOSDK) == held(VIDEOSDK, wanted=300) == 4
    assert held(VIDEOSDK, wanted=1) == 1
    assert held(VIDEOSDK, progress=True) == 50


def test_what_the_gateway_was_told_is_never_exceeded_by_what_it_concludes() -> None:
    brisk = Patience(plain=0.3, told=50)
    assert hold_seconds(brisk, VIDEOSDK, wanted=None, progress=False) == 0.3


@pytest.mark.parametrize("progress", [False, True])
def test_what_a_client_says_of_itself_counts_before_all_else(progress: bool) -> None:
    says = {**VIDEOSDK, "hold-seconds": "55"}
    assert held(says, progress=progress) == 55
    assert held(says, wanted=10, progress=progress) == 10
    assert held(says, wanted=600, progress=progress) == 55


@pytest.mark.parametrize("nonsense", ["", "soon", "nan", "inf", "-1"])
def test_a_header_that_is_no_number_of_seconds_counts_as_none(nonsense: str) -> None:
    assert held({**NEWER, "hold-seconds": nonsense}) == 25


def test_nobody_is_held_for_longer_than_an_hour() -> None:
    assert held({"hold-seconds": "1e9"}, wanted=1e9) == 3600
