"""Names, links and types of files, before and after they are believed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from escalation_worker.image_types import IMAGE_TYPES, image_type
from shared.attachment import Attachment
from shared.routes.route import Attachments
from shared.texts import FILE_NAME_LIMIT, file_name


@given(st.text())
def test_a_name_is_one_short_line_of_what_can_be_seen_whatever_it_was(text: str) -> None:
    name = file_name(text)
    assert 1 <= len(name) <= FILE_NAME_LIMIT
    assert {unicodedata.category(each) for each in name}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert not {"/", "\\"} & set(name)
    assert name == file_name(name) == name.strip()


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("Größe 42½.png", "Größe 42½.png"),
        ("cod\u202egnp.exe", "codgnp.exe"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "file"),
        ("\u200b", "file"),
        ("two\nlines.txt", "two lines.txt"),
        ("x" * 200 + ".jpeg", "x" * 94 + "….jpeg"),
        ("x" * 200, "x" * 99 + "…"),
    ],
)
def test_what_a_name_becomes(given: str, made: str) -> None:
    assert file_name(given) == made


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://cdn/a.png",
        "//cdn/a.png",
        'https://cdn/a.png"onclick="x',
        "https://cdn/<script>",
        "https://cdn/a b.png",
        "https://cdn/a.png\n",
        "https://cdn/\u202e",
        "https://cdn/" + "x" * 2048,
        "",
    ],
)
def test_a_link_is_a_web_address_and_nothing_that_could_be_read_as_more(url: str) -> None:
    with pytest.raises(ValidationError):
        Attachment(name="a.png", url=url, media_type="image/png", size=1)


@pytest.mark.parametrize("media_type", ["", "png", "image/", "image/png; a=b", "Image/PNG", "*/*"])
def test_a_media_type_is_one_type_without_parameters(media_type: str) -> None:
    with pytest.raises(ValidationError):
        Attachment(name="a.png", url="https://cdn/a", media_type=media_type, size=1)


@pytest.mark.parametrize(
    ("kinds", "media_type", "allowed"),
    [
        (("image/*",), "image/png", True),
        (("image/*",), "imagery/png", False),
        (("image/png",), "image/png", True),
        (("image/png",), "image/png-x", False),
        (("image/*", "text/plain"), "text/plain", True),
        (("image/*",), None, False),
        (("*/*",), None, True),
        (("*/*",), "application/x-anything", True),
        ((), "image/png", False),
    ],
)
def test_which_types_a_route_lets_through(
    kinds: tuple[str, ...], media_type: str | None, *, allowed: bool
) -> None:
    assert Attachments(kinds=kinds).allow(media_type) is allowed


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF87arest", "image/gif"),
        (b"GIF89arest", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns=", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_an_image_is_told_by_its_first_bytes(content: bytes, found: str | None) -> None:
    assert image_type(content) == found
    assert found is None or found in IMAGE_TYPES
