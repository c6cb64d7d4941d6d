-- Put in front of every script that queues a job. Writes what arq's own enqueue_job writes:
-- the body under its key, the id in the queue scored by the time it is due (ms).
-- Invariant: a job id whose body is there is not queued again.
local function enqueue(queue, job_key, job_id, body, due_ms, ttl_ms)
  if redis.call('EXISTS', job_key) == 1 then
    return 0
  end
  redis.call('SET', job_key, body, 'PX', math.max(1, math.floor(ttl_ms)))
  redis.call('ZADD', queue, due_ms, job_id)
  return 1
end
