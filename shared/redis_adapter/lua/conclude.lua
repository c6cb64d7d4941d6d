-- Ends an escalation, with everything that follows from it.
-- KEYS  1 record  2 reply  3 open  4 unposted  5 unshown  6 queue  7 body of the showing job
--       8 correctable  9 fence (only for what a listener heard)
-- ARGV  1 id  2 final state  3 outcome  4 now ms  5 showing job's id  6 its body
--       7 channel "changed"  8 channel "wake"  9 fencing number, or ''
--       10 until when an edit may correct it (ms), or ''  11 the message of which
--       12… states from which the final one may be entered
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: the first outcome wins.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  return {-1}
end

if outdated(KEYS[9], ARGV[9]) then
  return {2, unpack(redis.call('HGETALL', KEYS[1]))}
end

local allowed = false
for i = 12, #ARGV do
  allowed = allowed or ARGV[i] == state
end
if not allowed then
  return {0, unpack(redis.call('HGETALL', KEYS[1]))}
end

conclude({record = KEYS[1], reply = KEYS[2], open = KEYS[3], unposted = KEYS[4], unshown = KEYS[5],
  queue = KEYS[6], show_body = KEYS[7]},
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8])
if ARGV[10] ~= '' then
  redis.call('HSET', KEYS[1], 'correctable_ms', ARGV[10], 'answered_in', ARGV[11])
  redis.call('ZADD', KEYS[8], ARGV[10], ARGV[1])
end
return {1, unpack(redis.call('HGETALL', KEYS[1]))}
