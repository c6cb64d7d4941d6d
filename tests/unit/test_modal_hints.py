"""What stands over a field of a form in Discord."""

from __future__ import annotations

from typing import Any

import pytest

from escalation_worker.discord_channel.hearing.modals import HINT_ROOM, hint
from shared.answer_form import AnswerForm, FormField


def a_field(**given: Any) -> FormField:
    form = AnswerForm.model_validate({"type": "object", "properties": {"it": given}})
    return form.properties["it"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (a_field(type="string"), ""),
        (a_field(type="string", description="Of the parcel"), "Of the parcel"),
        (a_field(type="string", format="date"), "a date, such as 2026-11-22"),
        (
            a_field(type="string", format="email", description="Hers"),
            "Hers · an e-mail address",
        ),
        (a_field(type="integer", minimum=1), "a whole number from 1"),
        (
            a_field(type="number", minimum=0, maximum=2_500_000, description="In euros"),
            "In euros · a number from 0 to 2500000",
        ),
        (a_field(type="string", enum=["a", "b"], description="Which"), "Which"),
        (a_field(type="boolean"), ""),
    ],
)
def test_it_says_what_the_agent_says_and_what_is_checked(field: FormField, words: str) -> None:
    assert hint(field) == words


def test_a_long_description_is_cut_and_what_is_checked_is_not() -> None:
    said = hint(a_field(type="number", maximum=5, description="x" * 200))
    assert len(said) == HINT_ROOM
    assert said.endswith("… · a number to 5")
