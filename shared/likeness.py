"""How alike two questions are, in any language and without a model: by the pieces of their words.

A piece is three letters in a row of a word (its beginning and its end count as letters), so that
endings, compounds and slips of the pen cost little; in scripts that are written wide, such as
Chinese, it is two characters. Pieces that many questions have weigh little.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Final

from shared.texts import digest

TERMS_LIMIT: Final = 128
"""Pieces that are looked at: those of the first fifty words or so."""
READ_LIMIT: Final = 8_000
"""How many mentions of its pieces a search reads, the rarest pieces first."""
ALIKE: Final = 0.41
"""Shown is what is at least as much alike. Questions on the same matter in other words have 0.42 to
0.9, others below 0.39, whether few questions are remembered or many (tests/unit/test_likeness.py).
"""
PRIOR: Final = 20
"""As if so many questions with other pieces were remembered too: what the first few have in common
may be their matter, and not how all questions begin here."""
_TERM_LENGTH: Final = 8
"""Likewise in `find_precedents.lua`."""


def terms_of(text: str) -> tuple[str, ...]:
    """Take a text to pieces, each once, as digests: an index of them holds nobody's words."""
    pieces = dict.fromkeys(piece for word in _words(text) for piece in _pieces(word))
    return tuple(digest(piece)[:_TERM_LENGTH] for piece in islice(pieces, TERMS_LIMIT))


def _words(text: str) -> list[str]:
    """Read words in one form, whatever their case and however their letters were composed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Marks belong to the letters before them: vowels are such in Hindi.
    letters = (each if unicodedata.category(each)[0] in "LNM" else " " for each in folded)
    return "".join(letters).split()


def _pieces(word: str) -> list[str]:
    if any(unicodedata.east_asian_width(character) in "WF" for character in word):
        return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
    whole = f" {word} "
    return [whole[at : at + 3] for at in range(len(whole) - 2)]


def weight(remembered: int, holding: int) -> float:
    """Tell how much it says that two questions share a piece which so many of all have.

    The usual logarithm would let what nobody asked before weigh many times what is often asked, so
    that just that would not be found.
    """
    return 1 - holding / (remembered + PRIOR)


def likeness(
    asked: Collection[str], known: Collection[str], remembered: int, holding: Mapping[str, int]
) -> float:
    """Tell how much two questions are alike, from 0 to 1: what `find_precedents.lua` computes.

    `asked` and `known` are their terms; `holding`: how many of the `remembered` questions have
    each term that was asked for.
    """
    whole = shared = 0.0
    read = 0
    for term in sorted(asked, key=lambda each: (holding.get(each, 0), each)):
        read += holding.get(term, 0)
        if read > READ_LIMIT:
            break
        whole += weight(remembered, holding.get(term, 0))
        shared += weight(remembered, holding.get(term, 0)) if term in known else 0
    if not whole:
        return 0.0
    # Dice's measure, as far as the other question's weight goes by its length.
    return min(1.0, 2 * shared / whole / (1 + len(known) / len(asked)))
