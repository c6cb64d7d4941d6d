"""Requests that never end, are cut off, or come several in one: nobody is waited for for ever."""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack
from typing import Final

import pytest

from hostile.case import HANDSHAKE, STATELESS, Sent, call, filled, head, usual
from hostile.house import GOOD, House
from hostile.wire import Answer, connected, read_answer, send
from mcp_gateway.door.http_protocol import ARRIVAL_SECONDS

pytestmark = pytest.mark.e2e

HEAD: Final = head(usual(HANDSHAKE))
UNFINISHED: Final = {
    "not a byte": b"",
    "half a line": b"POST /mc",
    "a head without its end": HEAD,
    "a body that does not begin": HEAD + b"Content-Length: 100\r\n\r\n",
    "a body shorter than its length": HEAD + b"Content-Length: 100\r\n\r\n" + b'{"jsonrpc"',
    "chunks without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{    \r\n",
    "a chunk of 2^60 bytes": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n{",
    "a chunk's length without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 15,
    "a body that waits for leave": HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "half of a second request": b"",
}


def answers(house: House, raw: bytes, count: int) -> list[Answer | None]:
    """Send bytes, and read so many answers on the same connection."""
    with connected(house.port) as connection:
        send(connection, raw)
        with connection.makefile("rb") as stream:
            return [read_answer(stream) for _ in range(count)]


@pytest.mark.slow
def test_who_does_not_finish_a_request_is_hung_up_on_and_keeps_nobody_waiting(
    house: House,
) -> None:
    started = time.monotonic()
    with ExitStack() as stack:
        waiting: dict[str, socket.socket] = {}
        for name, begun in UNFINISHED.items():
            waiting[name] = stack.enter_context(connected(house.port))
            waiting[name].sendall(filled(begun, house.values))
        again = waiting["half of a second request"]
        again.sendall(GOOD.raw(house.values) + b"POST /mcp")
        dripping = stack.enter_context(connected(house.port))
        # One byte, again and again, until it is hung up on.
        while not select.select([dripping], [], [], 0.5)[0]:
            send(dripping, b"X")
            assert house.is_well()
        for name, connection in {**waiting, "a head of one byte at a time": dripping}.items():
            connection.settimeout(ARRIVAL_SECONDS)
            left = b""
            while part := connection.recv(65_536):
                left += part
            assert b"500" not in left.partition(b"\r\n")[0], name
    assert ARRIVAL_SECONDS - 1 < time.monotonic() - started < ARRIVAL_SECONDS + 5
    assert house.is_as_it_was()
    assert house.is_well()


def test_who_hangs_up_in_the_middle_leaves_nothing_behind(house: House) -> None:
    whole = call(STATELESS, "ask_human", {"question": "May I?"}).raw(house.values)
    for length in range(0, len(whole) - 1, 25):
        with connected(house.port) as connection:
            connection.sendall(whole[:length])
    assert house.is_as_it_was()
    assert house.is_well()


def test_who_hangs_up_while_the_call_is_held_disturbs_nobody(house: House) -> None:
    for era in (HANDSHAKE, STATELESS):
        held = call(era, "check_answer", {"escalation_id": "<<open>>", "wait_seconds": 60})
        with connected(house.port) as connection:
            connection.sendall(held.raw(house.values))
            assert house.is_well()
    assert house.is_as_it_was()
    assert house.is_well()


def test_requests_that_come_at_once_are_answered_in_their_order(house: House) -> None:
    good, bad = GOOD.raw(house.values), Sent(HEAD, b"[]").raw(house.values)
    first, second, third = answers(house, good + bad + good, 3)
    assert [each and each.status for each in (first, second, third)] == [200, 400, 200]
    assert house.is_as_it_was()


def test_garbage_behind_a_good_request_spoils_neither_it_nor_the_gateway(house: House) -> None:
    good = GOOD.raw(house.values)
    for garbage in (b"\x00" * 100, b"GARBAGE\r\n\r\n", b"POST /mcp HTTP/1.1\r\nHost : x\r\n\r\n"):
        first, second, third = answers(house, good + garbage, 3)
        assert first is not None
        assert first.status == 200
        assert second is not None
        assert second.status == 400
        assert third is None
    assert house.is_well()


def test_no_second_request_can_be_smuggled_into_a_body(house: House) -> None:
    hidden = b"GET /healthz HTTP/1.1\r\nHost: ask.example.org\r\n\r\n"
    lengths = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw = filled(HEAD, house.values) + lengths + b"0\r\n\r\n" + hidden
    first, second = answers(house, raw, 2)
    assert first is not None
    assert first.status == 400
    assert second is None
    assert house.is_well()


def test_a_client_of_http_1_0_is_served_and_its_connection_closed(house: House) -> None:
    raw = GOOD.raw(house.values).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    first, second = answers(house, raw, 2)
    assert first is not None
    assert first.status == 200
    assert second is None
