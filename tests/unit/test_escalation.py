from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.question import Question
from shared.texts import FilledText, is_blank

filled: TypeAdapter[str] = TypeAdapter(FilledText)

BLANK = {
    "nothing": "",
    "white space": " \t\n\u00a0\u2003\u3000\u2028",
    "zero width space": "\u200b",
    "byte order mark": "\ufeff",
    "word joiner": "\u2060",
    "zero width joiner": "\u200d",
    "direction marks": "\u200e\u202e\u2069",
    "control characters": "\x07\x1b\x7f\x85",
    "soft hyphen": "\u00ad",
    "variation selector": "\ufe0f",
    "combining mark": "\u034f",
    "fillers": "\u3164\u115f\u1160\uffa0\u2800",
    "a mixture": " \u200b\n\u2060 \ufeff\u00a0",
}


@pytest.mark.parametrize("text", BLANK.values(), ids=BLANK.keys())
def test_a_text_in_which_there_is_nothing_to_see_is_refused(text: str) -> None:
    assert is_blank(text)
    with pytest.raises(ValidationError, match="must not be empty"):
        filled.validate_python(text)
    with pytest.raises(ValidationError, match="must not be empty"):
        Question(text="May I?", options=("Yes", text))


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "👟",
        "\U0001fae8",  # an emoji that Python 3.11 does not know yet
        "👩\u200d💻",
        "❤\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "\u0645\u06cc\u200c\u0622\u06cc\u062f",  # a Persian word
        "\u200bYes\u2060",
    ],
)
def test_a_text_that_shows_something_is_kept_as_it_is(text: str) -> None:
    assert not is_blank(text)
    assert filled.validate_python(text) == text


def test_white_space_around_a_text_is_dropped() -> None:
    assert filled.validate_python(" \n May I\tgo? \u00a0") == "May I\tgo?"


def test_a_nul_character_is_named_before_blankness() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        filled.validate_python("\x00")
