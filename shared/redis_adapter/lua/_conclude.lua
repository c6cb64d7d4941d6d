-- Put in front of every script that may end an escalation.
-- Writes everything that follows from an outcome: state, reply key, indexes, the job that shows it.
-- Invariant: the reply key is written once, and only together with the record's outcome. The caller
-- has made sure that the record is kept and open.
local function conclude(keys, id, state, outcome, now, show_job, body, changed, wake)
  redis.call('HSET', keys.record, 'state', state, 'outcome', outcome)
  local ttl = math.max(1, redis.call('PTTL', keys.record))
  redis.call('SET', keys.reply, outcome, 'PX', ttl)
  redis.call('ZREM', keys.open, id)
  redis.call('ZREM', keys.unposted, id)

  local identical = redis.call('HGET', keys.record, 'identical')
  if identical and redis.call('GET', identical) == id then
    redis.call('DEL', identical)
  end

  local asks = redis.call('HGET', keys.record, 'asks')
  if asks then
    redis.call('ZREM', asks, id)
  end

  show(keys.record, keys.unshown, keys.queue, keys.show_body,
    id, now, show_job, body, changed, wake)
end
