"""What a caller may attach to a question, as the tools take it: strict, and nothing unknown."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.background import (
    FACT_LIMIT,
    FACT_NAME_LIMIT,
    FACTS_LIMIT,
    LINKS_LIMIT,
    TURNS_LIMIT,
    Background,
    Facts,
    Link,
    Turn,
)


class GivenTurn(Turn):
    """A turn as a caller gives it."""

    model_config = ConfigDict(extra="forbid")


class GivenLink(Link):
    """A link as a caller gives it."""

    model_config = ConfigDict(extra="forbid")


Turns = Annotated[
    list[GivenTurn],
    Field(
        max_length=TURNS_LIMIT,
        description="The last turns of the conversation, the newest last, for the person to read.",
    ),
]
CustomerFacts = Annotated[
    Facts,
    Field(
        max_length=FACTS_LIMIT,
        description=f"What is known of the customer: names (up to {FACT_NAME_LIMIT} characters) "
        f"with texts (up to {FACT_LIMIT}), numbers, true or false.",
    ),
]
Links = Annotated[
    list[GivenLink],
    Field(max_length=LINKS_LIMIT, description="Where the person can read more: http or https."),
]


def attached(
    turns: list[GivenTurn] | None, facts: Facts | None, links: list[GivenLink] | None
) -> Background:
    """Put together what is attached."""
    return Background(
        turns=tuple(Turn(speaker=each.speaker, text=each.text) for each in turns or ()),
        facts=facts or {},
        links=tuple(Link(title=each.title, url=each.url) for each in links or ()),
    )
