"""What an agent wants to know, and in which shape."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from shared.answer_form import AnswerForm
from shared.background import Background
from shared.texts import FilledText, Reference, Text, Value, digest, distinct

QUESTION_LIMIT: Final = 4_000
"""Characters (code points) in a question, a context or an answer."""
OPTION_LIMIT: Final = 80
"""Characters in one option: the length of a button's label in Discord."""
OPTIONS_LIMIT: Final = 25
"""Options a question may offer: the rows of a select menu in Discord."""

APPROVALS_LIMIT: Final = 10
"""People whose approval may be needed."""
DEFAULT_ROUTE: Final = "default"

Option = Annotated[FilledText, Field(max_length=OPTION_LIMIT)]


class Urgency(StrEnum):
    """How soon the agent would like to know."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Question(Value):
    """What the agent wants to know, in its own words, as a person will read it."""

    text: Annotated[FilledText, Field(max_length=QUESTION_LIMIT)]
    context: Annotated[Text, Field(max_length=QUESTION_LIMIT)] | None = None
    options: Annotated[
        tuple[Option, ...], Field(max_length=OPTIONS_LIMIT), AfterValidator(distinct)
    ] = ()
    options_only: bool = False
    """Whether one of the options must be the answer."""
    form: AnswerForm | None = None
    """What is to be filled in, instead of a text."""
    approvals_needed: Annotated[int, Field(ge=1, le=APPROVALS_LIMIT)] | None = None
    """How many different people must approve; none when something else is asked for."""
    urgency: Urgency = Urgency.NORMAL
    route: Reference = DEFAULT_ROUTE
    conversation_id: Reference | None = None
    background: Background = Background()

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        """Refuse a question that wants its answer in two shapes."""
        shapes = (bool(self.options), self.form is not None, self.approvals_needed is not None)
        if sum(shapes) > 1:
            raise ValueError("options, a form and an approval can't be asked for together")
        if self.options_only and not self.options:
            raise ValueError("options_only needs options")
        return self

    @property
    def takes_text(self) -> bool:
        """Whether a text in somebody's own words may be the answer."""
        return self.form is None and self.approvals_needed is None and not self.options_only

    def may_share_an_answer(self, other: Question) -> bool:
        """Whether what people say to one may be told as the answer to the other.

        An answer in words comes with the question that it answers. An approval is a bare yes, and
        stands for the same action only: how soon it is needed, how many must approve, which a route
        may say otherwise by now, and what was said meanwhile, make no difference to that.
        """
        approvals = self.approvals_needed is not None, other.approvals_needed is not None
        if not any(approvals):
            return True
        return all(approvals) and self._bare() == other._bare()

    def _bare(self) -> Question:
        background = self.background.model_copy(update={"turns": ()})
        passing = {"urgency": Urgency.NORMAL, "approvals_needed": None}
        return self.model_copy(update={"background": background, **passing})

    def fingerprint(self) -> str:
        """Digest the question, the same for two that a person could not tell apart.

        What is said meanwhile makes no other question of it: turns don't count in a conversation
        that has a name. Where it has none, they may be all that tells two customers apart.
        """
        asked = self.model_dump(mode="json", exclude={"background"})
        told = {"turns"} if self.conversation_id is not None else set[str]()
        attached = self.background.model_dump(mode="json", exclude=told)
        if background := {name: value for name, value in attached.items() if value}:
            asked["background"] = background
        return digest(json.dumps(asked, sort_keys=True, ensure_ascii=True))
