-- Keeps what a person answered after the deadline, beside the time-out that stays the outcome.
-- KEYS  1 record  2 unshown  3 queue  4 body of the showing job
--       5 fence (only for what a listener heard)
-- ARGV  1 id  2 answer  3 now ms  4 showing job's id  5 its body
--       6 channel "changed"  7 channel "wake"  8 fencing number, or ''
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: at most one late answer, and only after a time-out.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return {-1}
end
if outdated(KEYS[5], ARGV[8]) then
  return {2, unpack(redis.call('HGETALL', KEYS[1]))}
end
if state ~= 'timed_out' or redis.call('HEXISTS', KEYS[1], 'late_answer') == 1 then
  return {0, unpack(redis.call('HGETALL', KEYS[1]))}
end
redis.call('HSET', KEYS[1], 'late_answer', ARGV[2], 'show_job', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
enqueue(KEYS[3], KEYS[4], ARGV[4], ARGV[5], ARGV[3], math.max(1, redis.call('PTTL', KEYS[1])))
redis.call('PUBLISH', ARGV[6], ARGV[1])
redis.call('PUBLISH', ARGV[7], ARGV[1])
return {1, unpack(redis.call('HGETALL', KEYS[1]))}
