"""What is said of files that were not passed on, beside what became of the answer."""

from __future__ import annotations

import pytest
from support.make import MAYA

from escalation_worker.discord_channel.hearing.files import about_files
from shared.escalation import ChannelKind
from shared.ports.clock import utc_now
from shared.ports.replies import InboundReply, OfferedFile, ReplyVerdict


@pytest.mark.parametrize("count", [1, 25, 400])
async def test_however_many_files_are_refused_it_is_said_what_became_of_the_answer(
    count: int,
) -> None:
    offered = OfferedFile("scan.zip", "https://cdn.discordapp.com/scan.zip", "application/zip", 5)
    reply = InboundReply(
        escalation_id="e",
        text="Yes.",
        person_id=MAYA.id,
        person_name=MAYA.name,
        person_roles=frozenset(),
        channel=ChannelKind.DISCORD,
        source="m1",
        at=utc_now(),
        files=(offered,) * count,
    )

    async def refusals(_: InboundReply) -> list[str]:
        return [f"file {number} was not passed on: {'why ' * 30}" for number in range(count)]

    said = await about_files(ReplyVerdict.ACCEPTED, reply, refusals, "Sent. The agent has it.")
    assert said is not None
    assert len(said) <= 2_000
    assert said.endswith("Sent. The agent has it.")
    assert "file 0 was not passed on" in said
    assert (" more." in said) == (count > 1)
