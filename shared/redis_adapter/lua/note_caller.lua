-- Notes that nobody waits for an open question's answer any more, or that somebody does again.
-- KEYS  1 record  2 unshown  3 queue  4 body of the showing job
-- ARGV  1 id  2 gone 0|1  3 now ms  4 showing job's id  5 its body
--       6 channel "changed"  7 channel "wake"  8… states in which it may be noted
-- Returns {applied 0|1, record…}; {-1} when no such record is kept.
-- Invariant: a caller goes who was there and comes back who was gone, so each is noted once; a
-- question that has ended keeps what was noted before.
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state then
  return {-1}
end
local allowed = false
for i = 8, #ARGV do
  allowed = allowed or ARGV[i] == state
end
local gone = ARGV[2] == '1'
local was_gone = redis.call('HEXISTS', record, 'caller_gone_ms') == 1
if not allowed or gone == was_gone then
  return {0, unpack(redis.call('HGETALL', record))}
end
if gone then
  redis.call('HSET', record, 'caller_gone_ms', ARGV[3])
  redis.call('HINCRBY', record, 'departures', 1)
else
  redis.call('HDEL', record, 'caller_gone_ms')
end
show(record, KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return {1, unpack(redis.call('HGETALL', record))}
