"""What a campaign tells at its end: one table, and the whole story of each broken promise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from faults.checker import Promise, Violation, check
from faults.figures import Figures, Waits, measure
from faults.history import Event, What

STORIES = 5
"""Of so many questions the whole story is told; the history file has the rest."""


def tell(events: Sequence[Event], console: Console) -> bool:
    """Print the stories of broken promises, then the table; whether all promises were kept."""
    violations = check(events)
    campaign = events[0]
    tokens = list(dict.fromkeys(each.token for each in violations if each.token))
    for token in tokens[:STORIES]:
        _tell_story(token, [each for each in violations if each.token == token], events, console)
    for each in violations:
        if each.token is None:
            console.print(f"{each.promise}: {each.what}", markup=False)
    if violations:
        named = f"plan {campaign['plan']}, seed {campaign['seed']}"
        console.print(f"{len(violations)} violations; {named}", markup=False)
    console.print(_table(campaign, measure(events), Counter(each.promise for each in violations)))
    return not violations


def _tell_story(
    token: str, violations: list[Violation], events: Sequence[Event], console: Console
) -> None:
    """Print everything that was seen of one question, and the faults meanwhile, in time order."""
    console.rule(token)
    for violation in violations:
        console.print(f"{violation.promise}: {violation.what}", markup=False)
    began = events[0].at
    calls = {event["call"] for event in events if event.get("token") == token and event.get("call")}
    mine = [
        event
        for event in events
        if event.get("token") == token
        or event.get("call") in calls
        or (event.what in {What.RECORD, What.STARTER} and token in event["text"])
    ]
    acts = [event.at for event in mine if event.what not in {What.RECORD, What.STARTER}]
    around = [
        event
        for event in events
        if event.what in {What.FAULT, What.STARTED} and min(acts) - 5 <= event.at <= max(acts)
    ]
    for event in sorted([*mine, *around], key=lambda each: each.at):
        about = json.dumps(event.fields, ensure_ascii=False)
        line = f"{event.at - began:8.3f}  {event.what:<9} {about}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(campaign: Event, figures: Figures, broken: Counter[Promise]) -> Table:
    title = f"Campaign {campaign['plan']!r}, seed {campaign['seed']}"
    table = Table(title=title, show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    table.add_row("questions", str(figures.questions), _listed(figures.states))
    table.add_row("calls", str(figures.calls), f"{figures.failed_calls} of them failed")
    table.add_row("messages by people", str(figures.messages), "")
    table.add_row("processes ended", str(figures.ended.total()), _listed(figures.ended))
    table.add_row("other faults", str(figures.injected.total()), _listed(figures.injected))
    table.add_section()
    for promise in Promise:
        times = broken[promise]
        table.add_row(promise.value, str(times), "" if not times else "BROKEN")
    table.add_section()
    for name, waits in (
        ("slowest recovery: asked to posted", figures.posting),
        ("slowest recovery: answered to read", figures.passing_on),
    ):
        table.add_row(name, *_told(waits))
    return table


def _told(waits: Waits | None) -> tuple[str, str]:
    if waits is None:
        return "none", ""
    spread = f"median {waits.median:.2f} s, p95 {waits.p95:.2f} s"
    longest = waits.longest
    return f"{longest.seconds:.1f} s", f"{spread}; {longest.token} after {longest.after}"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common())
