"""What our scripts queue is what arq itself would have queued."""

from __future__ import annotations

from arq.jobs import deserialize_job
from support.clock import SteppedClock
from support.make import an_ask

from shared.redis_adapter.connection import open_client, open_queue
from shared.redis_adapter.jobs import JobName, deserialize
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore
from shared.settings import StoreSettings


async def test_accepting_queues_jobs_that_arq_reads(
    store_settings: StoreSettings, keys: Keys, no_leaks: None
) -> None:
    async with open_client(store_settings) as redis, open_queue(store_settings, keys) as arq:
        accepted = await RedisEscalationStore(redis, keys).accept(an_ask())
        jobs = {job.function: job for job in await arq.queued_jobs()}
    assert set(jobs) == {JobName.POST, JobName.EXPIRE}
    for job in jobs.values():
        assert list(job.args) == [accepted.escalation.id]
    due = jobs[JobName.EXPIRE].score
    assert due is not None
    assert due > int(accepted.escalation.deadline.timestamp() * 1000)


async def test_of_a_flood_the_later_questions_wait_and_another_agents_does_not(
    store_settings: StoreSettings, keys: Keys, no_leaks: None
) -> None:
    clock = SteppedClock()
    now = int(clock().timestamp() * 1000)
    async with open_client(store_settings) as redis, open_queue(store_settings, keys) as arq:
        store = RedisEscalationStore(redis, keys, clock=clock)
        for number in range(50):
            await store.accept(an_ask(f"question {number}", agent="flood"))
        other = await store.accept(an_ask(agent="other"))
        due = {
            job.args[0]: (job.score or 0) - now
            for job in await arq.queued_jobs()
            if job.function == JobName.POST
        }
    assert due.pop(other.escalation.id) == 0
    assert sorted(due.values()) == [0] * 20 + [100 * number for number in range(1, 31)]


async def test_the_same_bytes_as_arqs_own_enqueue(
    store_settings: StoreSettings, keys: Keys, no_leaks: None
) -> None:
    async with open_client(store_settings) as redis, open_queue(store_settings, keys) as arq:
        await arq.enqueue_job(JobName.POST, "an-id", _job_id=f"{keys.prefix}:theirs")
        accepted = await RedisEscalationStore(redis, keys).accept(an_ask())
        ours = await arq.get(keys.job(f"{keys.prefix}:post:{accepted.escalation.id}:0"))
        theirs = await arq.get(keys.job(f"{keys.prefix}:theirs"))
    assert isinstance(ours, bytes)
    assert isinstance(theirs, bytes)
    assert deserialize(ours).keys() == deserialize(theirs).keys()
    read = deserialize_job(ours, deserializer=deserialize)
    assert (read.function, list(read.args), read.kwargs, read.job_try) == (
        "post",
        [accepted.escalation.id],
        {},
        None,
    )
