"""The checker finds every guarantee that is broken in the real system, and none when all are kept.

Each short campaign disturbs in the one way that brings out what it is aimed at.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import campaign, plans
from faults.checker import Promise, check
from faults.mutations import MUTATIONS

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

AIMED = [plan for plan in plans.PLANS.values() if plan is not plans.EVERYTHING]
SEED = 1
CAMPAIGNS = 3


def test_every_aimed_plan_has_a_mutation_and_every_promise_too() -> None:
    assert {id(each.plan) for each in MUTATIONS.values()} == {id(plan) for plan in AIMED}
    # That a process ends by itself is no guarantee that could be mutated; see `test_checker.py`.
    assert {each.seen_as for each in MUTATIONS.values()} == set(Promise) - {Promise.ENDED_ITSELF}


@pytest.mark.parametrize("plan", AIMED, ids=lambda plan: plan.name)
async def test_the_whole_system_passes(plan: plans.Plan, tmp_path: Path) -> None:
    assert check(await campaign.run(plan, SEED, tmp_path)) == []


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_mutant_is_found(name: str, tmp_path: Path) -> None:
    mutation = MUTATIONS[name]
    seen: set[Promise] = set()
    # The moments are the machine's: a short campaign may miss what three together find.
    for seed in range(SEED, SEED + CAMPAIGNS):
        events = await campaign.run(mutation.plan, seed, tmp_path / str(seed), mutation=name)
        seen |= {violation.promise for violation in check(events)}
        if mutation.seen_as in seen:
            return
    raise AssertionError(f"{name} should be seen as {mutation.seen_as}, and was as {seen}")
