"""A desk in the middle of a working day: what the picture of it shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from support.clock import SteppedClock
from support.make import a_correction, a_posting, an_outcome

from shared.answer_form import AnswerForm
from shared.attachment import Attachment
from shared.background import Background
from shared.escalation import (
    Ask,
    Author,
    Claim,
    Escalation,
    Outcome,
    Person,
    Provenance,
    Remark,
    State,
    Vote,
)
from shared.memory.corrections import MemoryCorrections
from shared.memory.escalations import MemoryEscalations
from shared.precedent import Precedent
from shared.question import Question, Urgency

AGENT: Final = "shop-assistant"
MAYA: Final = Person(id="desk:maya", name="Maya")
JON: Final = Person(id="desk:jon", name="Jon")
TOM: Final = "Tom"
"""Who looks at the desk."""
PHOTO: Final = Attachment(
    name="pallet.jpg", url="https://cdn.example/pallet.jpg", media_type="image/jpeg", size=84_000
)
REFUND: Final = AnswerForm.model_validate(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "title": "Refund in €", "minimum": 0, "maximum": 200},
            "until": {"type": "string", "format": "date", "title": "Paid back until"},
            "how": {
                "type": "string",
                "title": "How",
                "enum": ["transfer", "voucher"],
                "enumNames": ["Bank transfer", "Voucher"],
            },
            "mail": {"type": "string", "format": "email", "title": "Confirmation goes to"},
            "back": {"type": "boolean", "title": "The lamp must come back first", "default": True},
        },
        "required": ["amount", "how"],
    }
)


class DeskScene:
    """Fills a store as a morning would, by a clock of its own."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.store = MemoryEscalations(clock=self.clock)

    async def play(self) -> None:
        """Let it happen: first what has ended, then what is open."""
        await self._timed_out()
        await self._denied()
        await self._corrected()
        await self._answered_with_a_file()
        await self._lamp()
        await self._refund()
        await self._shelves()
        self.clock.advance(seconds=50)

    async def _ask(self, text: str, *, minutes: float = 10, **shape: Any) -> Escalation:
        question = Question(text=text, **shape)
        asked = await self.store.accept(
            Ask(
                agent=AGENT,
                question=question,
                timeout=timedelta(minutes=minutes),
                retention=timedelta(days=7),
            )
        )
        await self.store.note_posting(asked.escalation.id, a_posting(), complete=True)
        return asked.escalation

    def _change(self, asked: Escalation, **update: Any) -> None:
        entry = self.store.entry(asked.id)
        assert entry is not None
        entry.escalation = entry.escalation.model_copy(update=update)

    async def _end(self, asked: Escalation, outcome: Outcome) -> None:
        await self.store.conclude(asked.id, outcome)

    def _ending(
        self, asked: Escalation, by: Person, text: str | None, state: State = State.ANSWERED
    ) -> Outcome:
        ending = an_outcome(asked, state, at=self.clock(), source=f"desk:{asked.id}")
        person = Provenance.PERSON if state is not State.TIMED_OUT else Provenance.SYSTEM
        return ending.model_copy(
            update={"text": text, "by": by if text else None, "provenance": person}
        )

    async def _timed_out(self) -> None:
        asked = await self._ask("Can the oak desk be delivered on a Sunday?")
        self.clock.advance(minutes=10)
        await self._end(asked, self._ending(asked, JON, None, State.TIMED_OUT))
        self.clock.advance(minutes=9)

    async def _denied(self) -> None:
        asked = await self._ask("Cancel order 7388 after it was sent", approvals_needed=1)
        self.clock.advance(seconds=72)
        decision = self._ending(asked, MAYA, "It is on the lorry. Offer a free return instead.")
        await self._end(asked, decision.model_copy(update={"approved": False}))
        self._change(asked, delivered_at=self.clock())
        self.clock.advance(minutes=6)

    async def _corrected(self) -> None:
        asked = await self._ask("How long is the warranty on the walnut sideboard?")
        self.clock.advance(seconds=38)
        until = self.clock() + timedelta(minutes=5)
        first = self._ending(asked, JON, "Two years, as on all furniture.")
        await self._end(asked, first.model_copy(update={"correctable_until": until}))
        await self.store.hand_over(asked.id)
        found = await self.store.get(asked.id)
        assert found is not None
        better = "Five years: solid wood has the long warranty. The first two cover transport too."
        edit = a_correction(found, better, seconds=45, source=f"desk:{asked.id}")
        await MemoryCorrections(self.store).correct(asked.id, edit)
        self.clock.advance(minutes=1)
        self._change(asked, late_answer_delivered_at=self.clock())
        self.clock.advance(minutes=2)

    async def _answered_with_a_file(self) -> None:
        asked = await self._ask("Which parts are missing from pallet 12?")
        self.clock.advance(seconds=55)
        answer = self._ending(asked, MAYA, "Both side panels. They follow tomorrow by express.")
        await self._end(asked, answer.model_copy(update={"attachments": (PHOTO,)}))
        self._change(asked, delivered_at=self.clock())
        self.clock.advance(minutes=1)

    async def _lamp(self) -> None:
        asked = await self._ask(
            "How is the broken lamp to be refunded?", minutes=25, form=REFUND, urgency=Urgency.LOW
        )
        self._change(asked, state=State.CLAIMED, claim=Claim(by=MAYA, at=self.clock()))
        self.clock.advance(minutes=2)

    async def _refund(self) -> None:
        asked = await self._ask(
            "Refund 180 € for a delivery that never came",
            minutes=12,
            context="Order 7431; the carrier says that it was handed over.",
            approvals_needed=2,
            background=Background.model_validate(
                {"links": [{"title": "Tracking", "url": "https://carrier.example/t/7431"}]}
            ),
        )
        vote = Vote(
            approve=True,
            by=MAYA,
            at=self.clock(),
            comment="The driver confirms it: left with the wrong neighbour.",
            source="vote",
        )
        self._change(asked, votes=(vote,))
        self.clock.advance(minutes=1)

    async def _shelves(self) -> None:
        asked = await self._ask(
            "May I give 15 % off three oak shelves? She buys for a school.",
            minutes=5,
            urgency=Urgency.HIGH,
            context="A returning customer; the order is worth 420 €. She wants to pay today.",
            options=("Yes, 15 %", "10 % at most", "No"),
            background=Background.model_validate(
                {
                    "turns": [
                        {"speaker": "customer", "text": "Three shelves, for our reading room."},
                        {"speaker": "agent", "text": "Lovely! They are 140 € each."},
                        {"speaker": "customer", "text": "Is there a discount for schools?"},
                        {"speaker": "agent", "text": "Let me ask a colleague."},
                    ],
                    "facts": {"Name": "Ines Roth", "Customer since": 2019, "Orders so far": 7},
                    "links": [{"title": "Order 7431", "url": "https://shop.example/orders/7431"}],
                }
            ),
        )
        self._change(
            asked,
            state=State.CLAIMED,
            claim=Claim(by=Person(id="desk:tom", name=TOM), at=self.clock()),
            precedents=(
                Precedent(
                    id=asked.id,
                    question="May I give 10 % off two oak shelves?",
                    answer="Yes, 10 % on both, until Friday.",
                    by="Maya",
                    at=self.clock() - timedelta(days=3),
                ),
            ),
            remarks=(
                Remark(
                    author=Author.OPERATOR,
                    by=Person(id="desk:tom", name=TOM),
                    text="Can she send the school's order form?",
                    at=self.clock() + timedelta(seconds=12),
                    source="back",
                ),
                Remark(
                    author=Author.AGENT,
                    text="Yes, she will mail it this afternoon.",
                    at=self.clock() + timedelta(seconds=41),
                    source="told",
                ),
            ),
        )
