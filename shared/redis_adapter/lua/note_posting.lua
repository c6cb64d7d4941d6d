-- Writes down where a question is shown; a complete posting makes a queued question posted.
-- KEYS  1 record  2 posting reference  3 unposted  4 unshown  5 unread  6 looks
-- ARGV  1 id  2 posting  3 complete 0|1  4 now ms  5 channel "changed"  6 shown before 0|1
-- Returns the record's state now, or nil when no such record is kept.
-- Invariant: a posting is never forgotten, even when the question ended while it was being posted.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return nil
end
redis.call('HSET', KEYS[1], 'posting', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', math.max(1, redis.call('PTTL', KEYS[1])))
if state == 'queued' and ARGV[3] == '1' then
  state = 'posted'
  redis.call('HSET', KEYS[1], 'state', state)
  redis.call('ZREM', KEYS[3], ARGV[1])
  -- Whoever posts goes on with its policy; if they die before that, the sweep does.
  redis.call('ZADD', KEYS[6], ARGV[4], ARGV[1])
elseif redis.call('HEXISTS', KEYS[1], 'outcome') == 1 then
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
end
if ARGV[3] == '1' and ARGV[6] == '1' then
  redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
end
redis.call('PUBLISH', ARGV[5], ARGV[1])
return state
