-- Ends an escalation: the first outcome wins, and everything that follows from it is written with it.
-- KEYS  1 record  2 reply  3 open  4 unposted  5 unshown  6 queue  7 body of the showing job
--       8 fence (only for what a listener heard)
-- ARGV  1 id  2 final state  3 outcome  4 now ms  5 showing job's id  6 its body
--       7 channel "changed"  8 channel "wake"  9 fencing number, or ''
--       10… states from which the final one may be entered
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: the reply key is written once, and only together with the record's outcome.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  return {-1}
end

if outdated(KEYS[8], ARGV[9]) then
  return {2, unpack(redis.call('HGETALL', KEYS[1]))}
end

local allowed = false
for i = 10, #ARGV do
  allowed = allowed or ARGV[i] == state
end
if not allowed then
  return {0, unpack(redis.call('HGETALL', KEYS[1]))}
end

redis.call('HSET', KEYS[1], 'state', ARGV[2], 'outcome', ARGV[3], 'show_job', ARGV[5])
local ttl = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[3], 'PX', math.max(1, ttl))
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])

local identical = redis.call('HGET', KEYS[1], 'identical')
if identical and redis.call('GET', identical) == ARGV[1] then
  redis.call('DEL', identical)
end

enqueue(KEYS[6], KEYS[7], ARGV[5], ARGV[6], ARGV[4], math.max(1, ttl))
redis.call('PUBLISH', ARGV[7], ARGV[1])
redis.call('PUBLISH', ARGV[8], ARGV[1])
return {1, unpack(redis.call('HGETALL', KEYS[1]))}
