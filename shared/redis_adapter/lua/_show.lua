-- Put in front of every script after which people must see something new of an escalation.
-- Invariant: what is being shown at this moment is not taken for all that there is to show. However
-- much is said of it meanwhile, one job waits to show it, and that one comes at once.
local function show(record, unshown, queue, show_body, id, now, show_job, body, changed, wake)
  local due = math.max(tonumber(now), (tonumber(redis.call('ZSCORE', unshown, id)) or 0) + 1)
  redis.call('ZADD', unshown, due, id)
  local waiting = redis.call('HGET', record, 'show_job')
  if waits(waiting) then
    redis.call('ZADD', queue, 'LT', now, waiting)
  else
    redis.call('HSET', record, 'show_job', show_job)
    enqueue(queue, show_body, show_job, body, now, math.max(1, redis.call('PTTL', record)))
  end
  redis.call('PUBLISH', changed, id)
  redis.call('PUBLISH', wake, id)
end
