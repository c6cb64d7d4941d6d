"""Each bad request of the list gets the right answer, leaves nothing behind, breaks nothing."""

from __future__ import annotations

import pytest

from hostile.case import Case, Right, filled
from hostile.cases import EVERY
from hostile.house import House
from hostile.wire import Answer

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("case", [pytest.param(each, id=each.name) for each in EVERY])
def test_a_bad_request_is_answered_rightly_and_leaves_nothing_behind(
    house: House, case: Case
) -> None:
    answer = house.ask(case.sent.raw(house.values))
    check(answer, case.right, house)
    assert house.is_as_it_was()
    assert house.is_well()


def check(answer: Answer | None, right: Right, house: House) -> None:
    """Compare an answer with what is right."""
    if right.status is None:
        assert answer is None
        return
    assert answer is not None, "the connection ended without an answer"
    assert answer.status == right.status, answer
    for name, value in right.headers.items():
        assert value in answer.header(name), answer.headers
    for words in right.says:
        assert filled(words.encode(), house.values).decode() in answer.words, answer.text
    for name in ("shop_key", "good_token", *right.hides):
        assert house.values[name] not in answer.text, name
    if right.code is not None:
        error = answer.message()["error"]
        assert error["code"] == right.code, error
    if right.is_error is not None:
        result = answer.message()["result"]
        assert result.get("isError", False) is right.is_error, result
