"""The policy of an approval that needs two people: a vote leaves the others to be called."""

from __future__ import annotations

import pytest
from support.make import a_vote, an_outcome

from shared.escalation import Claim, Person
from shared.routes.facts import facts_of
from unit.test_escalating import TOM, Act, World, claims

MAYA = Person(id="1", name="maya")
REFUNDS = """
timeout = "30m"
quorum = 2
at_end = "deny"
[[routes.default.tiers]]
users = ["maya", "tom"]
reminders = ["5m"]
claim_wait = "10m"
[[routes.default.tiers]]
users = ["ines"]
roles = ["support"]
reminders = ["5m", "10m"]
"""


def approves(by: Person) -> Act:
    """Let this person say yes, which does not decide it alone."""

    async def act(world: World) -> object:
        asked, at = await world.now(), world.clock.now
        outcome = an_outcome(asked, at=at).model_copy(update={"approved": True})
        return await world.discussion.vote(asked.id, a_vote(by, at=at), outcome, needed=2)

    return act


async def takes_over(world: World) -> object:
    """Let Maya be on it in Tom's place."""
    asked = await world.now()
    claim = Claim(by=MAYA, at=world.clock.now)
    return await world.discussion.claim(asked.id, claim, take_over=True)


NOBODY_IS_ON_IT = [
    "5m remind 2 maya+tom",
    "10m call 3 ines+@support",
    "15m remind 4 ines+@support",
    "20m remind 5 ines+@support",
]
STORIES: dict[str, tuple[dict[int, Act], list[str]]] = {
    "who votes without a claim silences nobody": ({2: approves(TOM)}, NOBODY_IS_ON_IT),
    "who claims and votes silences nobody": ({1: claims, 2: approves(TOM)}, NOBODY_IS_ON_IT),
    "who claims after their vote silences nobody": ({1: approves(TOM), 2: claims}, NOBODY_IS_ON_IT),
    "a claim that its holder votes on after the tier's wait calls the next one at once": (
        {1: claims, 12: approves(TOM)},
        [
            "5m remind 2 tom",
            "12m call 3 ines+@support",
            "17m remind 4 ines+@support",
            "22m remind 5 ines+@support",
        ],
    ),
    "somebody else's vote leaves a claim as it is": (
        {1: claims, 2: approves(MAYA), 15: approves(TOM)},
        ["5m remind 2 tom"],
    ),
    "who takes it over from one who has voted is on it": (
        {1: claims, 2: approves(TOM), 3: takes_over, 12: approves(MAYA)},
        ["5m remind 2 maya"],
    ),
}


@pytest.mark.parametrize("story", STORIES)
async def test_those_whose_votes_are_wanted_are_called(story: str) -> None:
    events, told = STORIES[story]
    world = World(REFUNDS)
    await world.ask()
    for minute, act in events.items():
        await world.run_until(minutes=minute)
        await act(world)
    await world.run_until(minutes=29)
    assert world.told == told


@pytest.mark.parametrize(
    ("by", "held"), [(TOM, False), (MAYA, True)], ids=["holder", "somebody else"]
)
async def test_a_claim_counts_until_its_holder_has_voted(by: Person, *, held: bool) -> None:
    world = World(REFUNDS)
    await world.ask()
    await claims(world)
    await approves(by)(world)
    assert (facts_of(await world.now()).claim is not None) is held
