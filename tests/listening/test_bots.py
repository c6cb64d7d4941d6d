"""Two bots in one worker: each posts, hears, closes and catches up with its own questions only."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from discord_double import DiscordDouble, defaults
from discord_double.model import Message
from discord_double.permissions import Permission
from discord_double.reading import text_of
from support.make import an_ask

from listening.bots import BILLING, FILE, SAME_CHANNEL, Named, invite_billing, with_both
from listening.conftest import Scene, until
from listening.test_controls import said_to
from listening.test_losses import reason_of
from shared.errors import ChannelUnavailableError
from shared.escalation import DEFAULT_BOT, Escalation, State
from shared.ports.clock import utc_now

FIRST, SECOND = defaults.BOT_NAME, "Billing"
"""The bots' names in Discord."""


def author_of(message: Message) -> str:
    """Name who posted it."""
    return message.author.username


def said_by(double: DiscordDouble, bot: str, escalation: Escalation) -> list[str]:
    """List what a bot wrote in a question's thread and beside it."""
    assert escalation.posting is not None
    places = [double.channel, double.world.thread(int(escalation.posting.reference))]
    return [
        each.content
        for place in places
        for each in place.messages
        if author_of(each) == bot and each.content and not each.embeds
    ]


def acts_of(scene: Scene, bot: str, start: int) -> list[str]:
    """List the paths at which a bot changed something since then (a number of requests)."""
    made = scene.double.requests[start:]
    return [each.path for each in made if each.bot == bot and each.method != "GET"]


async def answer(scene: Scene, escalation: Escalation) -> str | None:
    """Wait for a question's end, and read the answer."""
    outcome = (await scene.until_ended(escalation)).outcome
    assert outcome is not None
    return outcome.text


async def until_vouched(scene: Scene, bot: str) -> None:
    """Wait until a listener has said once more that all was heard until now."""
    start = utc_now()

    async def vouched() -> bool:
        heard_until = await scene.hearing.heard_until(bot)
        return heard_until is not None and heard_until > start

    await until(vouched)


async def test_each_bot_posts_hears_and_closes_what_its_route_asks(scene: Scene) -> None:
    invite_billing(scene)
    both = with_both(scene, Named().routes)
    async with asyncio.timeout(30), both.listening():
        discount = await both.ask("a discount?", "default")
        refund = await both.ask("a refund?", "billing")
        assert discount.posting is not None
        assert refund.posting is not None
        assert (discount.posting.bot, refund.posting.bot) == (DEFAULT_BOT, BILLING)
        assert author_of(scene.starter(discount)) == FIRST
        assert author_of(scene.starter(refund)) == SECOND
        assert scene.starter(refund).channel_id == defaults.SECOND_CHANNEL_ID
        await scene.double.person("Maya").write(scene.thread(discount), "10 %")
        await scene.double.person("Noor").write(scene.thread(refund), "all of it")
        assert await answer(scene, discount) == "10 %"
        assert await answer(scene, refund) == "all of it"
        for escalation, who in ((discount, "Maya"), (refund, "Noor")):
            assert f"Answered by {who}" in text_of(await both.shown(escalation))
            assert scene.thread(escalation).archived


@pytest.mark.parametrize(
    ("route", "others_route", "own", "other"),
    [("default", "billing", FIRST, SECOND), ("billing", "default", SECOND, FIRST)],
)
async def test_in_a_channel_of_both_only_the_bot_that_posted_acts_on_what_people_do(
    scene: Scene, route: str, others_route: str, own: str, other: str
) -> None:
    invite_billing(scene)
    both = with_both(scene, Named(SAME_CHANNEL).routes)
    async with asyncio.timeout(30), both.listening():
        start = len(scene.double.requests)
        written, replied, clicked = [
            await both.ask(f"{number}?", route, options=("yes", "no")) for number in range(3)
        ]
        maya, mallory = scene.double.person("Maya"), scene.double.person("Mallory")
        await mallory.write(scene.thread(written), "yes")
        await mallory.reply(scene.starter(replied), "yes")
        await maya.write(scene.thread(written), "yes")
        await maya.reply(scene.starter(replied), "no")
        click = await maya.click(scene.starter(clicked), "yes")
        assert "Sent" in await said_to(scene, click)
        mine = (written, replied, clicked)
        assert [await answer(scene, each) for each in mine] == ["yes", "no", "yes"]
        assert acts_of(scene, other, start) == []
        # What the other bot hears after all that, it has taken in after all that.
        last = await both.ask("and you?", others_route)
        await maya.write(scene.thread(last), "me too")
        assert await answer(scene, last) == "me too"
        for each in mine:
            await both.shown(each)
            assert said_by(scene.double, other, each) == []
        refusals = [text for text in said_by(scene.double, own, written) if "Only the" in text]
        assert len(refusals) == 2, "one in the thread, one beside it"


async def test_what_befalls_one_bots_thread_is_seen_to_by_that_bot(scene: Scene) -> None:
    invite_billing(scene)
    both = with_both(scene, Named(SAME_CHANNEL).routes)
    async with asyncio.timeout(30), both.listening():
        asked = await both.ask("thread gone?", "billing")
        starter, start = scene.starter(asked), len(scene.double.requests)
        scene.double.delete_channel(scene.thread(asked))
        await scene.double.until(lambda: "Reply to this message" in text_of(starter))
        assert acts_of(scene, FIRST, start) == []
        await scene.double.person("Maya").reply(starter, "all the same")
        assert await answer(scene, asked) == "all the same"


async def test_a_bot_that_does_not_see_the_others_channel_ends_nothing_there(
    scene: Scene,
) -> None:
    billing = invite_billing(scene)
    (role,) = [role for role in scene.double.guild.roles.values() if role.bot_id == billing.id]
    scene.double.deny(scene.double.channel, role.id, Permission.VIEW_CHANNEL)
    both = with_both(scene, Named().routes)
    async with asyncio.timeout(30):
        with structlog.testing.capture_logs() as logged:
            async with both.listening():
                discount = await both.ask("a discount?", "default")
                refund = await both.ask("a refund?", "billing")
        assert [each for each in logged if "mend" in each] == [], "it is not missed there"
        async with both.listening():  # each looks anew for what is gone
            assert (await scene.read(discount)).state is State.POSTED
            scene.double.remove_bot(billing)
            assert "invite it" in reason_of(await scene.until_ended(refund))
            assert (await scene.read(discount)).state is State.POSTED
            await scene.double.person("Maya").write(scene.thread(discount), "10 %")
            assert await answer(scene, discount) == "10 %"


async def test_a_bot_whose_token_is_refused_keeps_no_other_from_working(scene: Scene) -> None:
    invite_billing(scene)
    both = with_both(scene, Named().routes, billing_token="reset since")
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(30), both.running():
            await both.first.until_listening()

            async def refused() -> bool:
                return any(f"refused {BILLING}" in str(each.get("mend")) for each in logged)

            await until(refused)
            refund = (await scene.store.accept(an_ask("a refund?", route="billing"))).escalation
            with pytest.raises(ChannelUnavailableError):
                await both.posting.post(refund.id)
            discount = await both.ask("a discount?", "default")
            await scene.double.person("Maya").write(scene.thread(discount), "10 %")
            assert await answer(scene, discount) == "10 %"
            assert (await scene.read(refund)).state is State.QUEUED, "it waits for the token"
            await until_vouched(scene, DEFAULT_BOT)
            assert await scene.hearing.heard_until(BILLING) is None
    assert "reset since" not in str(logged)


async def test_each_bot_is_taken_over_by_itself(scene: Scene) -> None:
    invite_billing(scene)
    routes = Named().routes
    one, two = with_both(scene, routes), with_both(scene, routes)
    async with asyncio.timeout(30), one.listening(), two.running():
        discount = await one.ask("a discount?", "default")
        refund = await one.ask("a refund?", "billing")
        await one.billing.connection.hand_over()
        await scene.double.person("Noor").write(scene.thread(refund), "all of it")
        await two.billing.until_listening()
        assert await answer(scene, refund) == "all of it"
        assert two.first.turn.hold() is None
        first_hold, second_hold = one.first.turn.hold(), two.billing.turn.hold()
        assert first_hold is not None
        assert second_hold is not None
        assert (first_hold.fence, second_hold.fence) == (1, 2)
        await scene.double.person("Maya").write(scene.thread(discount), "10 %")
        assert await answer(scene, discount) == "10 %"


async def test_each_bot_finds_what_was_written_to_it_while_no_worker_ran(scene: Scene) -> None:
    invite_billing(scene)
    routes = Named(SAME_CHANNEL).routes
    async with asyncio.timeout(30):
        both = with_both(scene, routes)
        async with both.listening():
            questions = {
                (route, how): await both.ask(f"{route} {how}?", route)
                for route in ("default", "billing")
                for how in ("thread", "beside", "archived")
            }
        maya = scene.double.person("Maya")
        for (route, how), asked in questions.items():
            if how == "beside":
                await maya.reply(scene.starter(asked), f"{route} {how}")
            else:
                await maya.write(scene.thread(asked), f"{route} {how}")
            if how == "archived":
                scene.double.auto_archive(scene.thread(asked))
        start = len(scene.double.requests)
        async with with_both(scene, routes).listening():
            for (route, how), asked in questions.items():
                assert await answer(scene, asked) == f"{route} {how}"
            made = scene.double.requests[start:]
    for (route, _), asked in questions.items():
        own, other = (FIRST, SECOND) if route == "default" else (SECOND, FIRST)
        readers = {
            each.bot for each in made if each.path == f"/channels/{scene.thread(asked).id}/messages"
        }
        assert other not in readers
        assert own in readers or "beside" in text_of(scene.starter(asked))


async def test_one_bots_question_is_not_read_from_its_beginning_on_behalf_of_another(
    scene: Scene,
) -> None:
    invite_billing(scene)
    both = with_both(scene, Named(SAME_CHANNEL).routes)
    async with asyncio.timeout(30), scene.running(both.billing):
        await both.billing.until_listening()
        async with scene.listening(both.first):
            asked = await both.ask("unread?", "default")
        assert asked.posting is not None
        # As an attempt notes it that finds the question shown already.
        await scene.postings.note_posting(asked.id, asked.posting, complete=True, shown_before=True)
        await until_vouched(scene, BILLING)
        assert list(await scene.hearing.unread()) == [asked.id]
        async with scene.listening(with_both(scene, Named(SAME_CHANNEL).routes).first):

            async def read() -> bool:
                return await scene.hearing.unread() == {}

            await until(read)


@pytest.mark.parametrize("route_of_its_own", [True, False], ids=["one of two", "its only one"])
async def test_a_route_that_changes_its_bot_leaves_what_is_open_to_the_one_that_posted_it(
    scene: Scene, route_of_its_own: bool
) -> None:
    invite_billing(scene)
    more = FILE.replace("[routes.billing]", "[routes.refunds]").partition("[routes.refunds]")[2]
    text = FILE + ("[routes.refunds]" + more if route_of_its_own else "")
    named = Named(text)
    both = with_both(scene, named.routes)
    async with asyncio.timeout(30), both.listening():
        written = await both.ask("in the thread?", "billing")
        clicked = await both.ask("by its button?", "billing", options=("yes", "no"))
        before, _, after = text.partition(f'token_env = "{BILLING}"\n')
        named.change(before + after)
        start = len(scene.double.requests)
        newer = await both.ask("by the new one?", "billing")
        assert author_of(scene.starter(newer)) == FIRST
        assert acts_of(scene, SECOND, start) == []

        # A change of the server, at which each looks whether it still sees its channels.
        scene.double.allow(
            scene.double.channel, defaults.OPERATOR_ROLE_ID, Permission.ADD_REACTIONS
        )
        noor = scene.double.person("Noor")
        click = await noor.click(scene.starter(clicked), "yes")
        assert "Sent" in await said_to(scene, click)
        assert both.billing.client.in_order, "it goes on vouching for what is open"
    await noor.write(scene.thread(written), "heard after a break")
    async with asyncio.timeout(30), both.listening():
        assert await answer(scene, written) == "heard after a break"
        start = len(scene.double.requests)
        for each in (written, clicked):
            assert "Answered by Noor" in text_of(await both.shown(each))
            assert scene.thread(each).archived
        assert acts_of(scene, FIRST, start) == []
