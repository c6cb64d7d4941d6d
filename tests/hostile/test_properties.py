"""What holds for requests of every kind, made up by the thousand."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hostile.case import ERAS, STATELESS, Era, as_json
from hostile.doorway import Doorway, headers_of, is_clean
from hostile.fuzz import seeds, targets
from hostile.made_up import ANY, ARGUMENTS, SCHEMAS, TEXTS, bodies, spoiled
from mcp_gateway.door.well_formed import NotWellFormedError, check_body
from mcp_gateway.tools.given_form import given_form
from shared.answer_form import AnswerForm

often = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@pytest.fixture(scope="module")
def doorway() -> Generator[Doorway]:
    with Doorway().open() as doorway:
        yield doorway


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tool", ARGUMENTS)
@settings(often, max_examples=40)
@given(data=st.data())
def test_a_tool_takes_any_arguments_or_refuses_them_and_keeps_what_it_takes(
    doorway: Doorway, era: Era, tool: str, data: st.DataObject
) -> None:
    doorway.store.forget()
    reply = doorway.call(era, tool, data.draw(spoiled(tool)))
    assert is_clean(reply)
    asks = tool in {"ask_human", "request_approval"}
    assert (doorway.store.last is not None) is (asks and reply.accepted)


@often
@given(arguments=ANY, tool=st.sampled_from(sorted(ARGUMENTS)))
def test_anything_for_arguments_creates_nothing(
    doorway: Doorway, tool: str, arguments: object
) -> None:
    doorway.store.forget()
    assert is_clean(doorway.call(STATELESS, tool, arguments))
    assert doorway.store.last is None


@pytest.mark.parametrize("era", ERAS)
def test_line_ends_of_all_kinds_break_no_answer_apart(doorway: Doorway, era: Era) -> None:
    question = "May\x0bI,\x1cor\x85may\u2028you\u2029?"
    reply = doorway.call(era, "ask_human", {"question": question})
    assert reply.message()["result"]["structuredContent"]["question"] == question


@pytest.mark.parametrize("era", ERAS)
@often
@given(body=st.one_of(st.binary(max_size=200), bodies().map(as_json), ANY.map(as_json)))
@example(body=b"")
@example(body=b'{"jsonrpc":"2.0","id":"\\ud800"}')
@example(body=b'{"jsonrpc":"2.0","id":1e400,"method":"ping"}')
def test_any_body_gets_an_answer_that_is_json(doorway: Doorway, era: Era, body: bytes) -> None:
    doorway.store.forget()
    assert is_clean(doorway.post(body, headers_of(era)))
    assert doorway.store.last is None


@often
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "accept",
                    "content-type",
                    "content-encoding",
                    "mcp-method",
                    "mcp-name",
                    "mcp-protocol-version",
                    "mcp-session-id",
                    "last-event-id",
                ]
            ),
            st.one_of(
                st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00")),
                st.sampled_from(["application/json", "*/*", "=?base64?!?=", 'a; charset="', ";;"]),
            ),
        ),
        max_size=4,
    )
)
def test_any_headers_get_an_answer(doorway: Doorway, headers: list[tuple[str, str]]) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    named = {name for name, _ in sent}
    kept = [each for each in headers_of(STATELESS, method="tools/list") if each[0] not in named]
    body = as_json({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}})
    assert doorway.post(body, [*kept, *sent]).status in {200, 202, 400, 404, 406, 415}


@often
@given(body=st.one_of(st.binary(), bodies().map(as_json)))
def test_what_passes_for_well_formed_is_one_message(body: bytes) -> None:
    try:
        check_body(body)
    except NotWellFormedError:
        return
    message: Any = json.loads(body)
    assert message["jsonrpc"] == "2.0"
    assert isinstance(message.get("id", 0), int | str)
    assert isinstance(message.get("method", ""), str)
    assert isinstance(message.get("params") or {}, dict)


@settings(often, max_examples=400)
@given(
    schema=st.one_of(SCHEMAS, ANY), written=st.dictionaries(TEXTS, TEXTS, max_size=3), text=TEXTS
)
def test_a_form_that_is_taken_can_be_kept_read_again_and_filled_in(
    schema: Any, written: dict[str, str], text: str
) -> None:
    assume(isinstance(schema, dict))
    try:
        form = given_form(schema)
    except ValidationError:
        return
    assert AnswerForm.model_validate_json(form.model_dump_json()) == form
    for filled_in in (form.read(written), form.read(dict.fromkeys(form.properties, text))):
        assert filled_in.problems or set(filled_in.values) <= set(form.properties)


@pytest.mark.parametrize("name", seeds.every())
def test_what_fuzzing_begins_with_breaks_nothing(doorway: Doorway, name: str) -> None:
    target = targets.every(doorway)[name]
    begun_with = seeds.every()[name]
    assert begun_with
    for seed in begun_with:
        target(seed)
