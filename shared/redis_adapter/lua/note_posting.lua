-- Writes down where a question is shown. With a complete posting an open question is no longer to be
-- posted, a queued one is posted, and what was said of it before is still to be shown.
-- KEYS  1 record  2 posting reference  3 unposted  4 unshown  5 unread  6 looks
-- ARGV  1 id  2 posting  3 complete 0|1  4 now ms  5 channel "changed"  6 shown before 0|1
-- Returns the record's state now, or nil when no such record is kept.
-- Invariant: a posting is never forgotten, even when the question ended while it was being posted; and
-- an open question leaves the index of those that nobody can see by a complete posting alone.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return nil
end
redis.call('HSET', KEYS[1], 'posting', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', math.max(1, redis.call('PTTL', KEYS[1])))
local to_show = redis.call('HEXISTS', KEYS[1], 'outcome') == 1
if ARGV[3] == '1' and not to_show then
  redis.call('ZREM', KEYS[3], ARGV[1])
  if state == 'queued' then
    state = 'posted'
    redis.call('HSET', KEYS[1], 'state', state)
  end
  -- Whoever posts goes on with its policy; if they die before that, the sweep does.
  redis.call('ZADD', KEYS[6], ARGV[4], ARGV[1])
  -- These are told in the thread, which was not there when they were to be shown.
  for _, said in ipairs({'assignments', 'remarks_made', 'departures'}) do
    to_show = to_show or redis.call('HEXISTS', KEYS[1], said) == 1
  end
end
if to_show then
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
end
if ARGV[3] == '1' and ARGV[6] == '1' then
  redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
end
redis.call('PUBLISH', ARGV[5], ARGV[1])
return state
