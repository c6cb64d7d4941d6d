-- Takes in that a person edited the message that is the answer: in its place while no agent has read
-- it, beside it afterwards.
-- KEYS  1 record  2 reply  3 unshown  4 queue  5 body of the showing job
--       6 fence (only for what a listener heard)
-- ARGV  1 id  2 the answer as it was edited  3 the message  4 when it was edited (ms)
--       5 now ms  6 showing job's id  7 its body  8 channel "changed"  9 channel "wake"
--       10 fencing number, or ''
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: what was handed over never changes; the record and the reply key hold the same answer;
-- only the message that gave it corrects it, in its time, and no older edit after a newer one.
local record = KEYS[1]
if redis.call('EXISTS', record) == 0 then
  return {-1}
end
if outdated(KEYS[6], ARGV[10]) then
  return {2, unpack(redis.call('HGETALL', record))}
end
local edited = tonumber(ARGV[4])
local in_time = edited <= tonumber(redis.call('HGET', record, 'correctable_ms') or '0')
local newest = edited > tonumber(redis.call('HGET', record, 'corrected_ms') or '0')
local gave_it = redis.call('HGET', record, 'answered_in') == ARGV[3]
if not (in_time and newest and gave_it)
    or redis.call('HEXISTS', record, 'late_answer_handed_over_ms') == 1 then
  return {0, unpack(redis.call('HGETALL', record))}
end
if redis.call('HEXISTS', record, 'outcome_handed_over_ms') == 0 then
  redis.call('HSET', record, 'outcome', ARGV[2])
  redis.call('SET', KEYS[2], ARGV[2], 'PX', math.max(1, redis.call('PTTL', record)))
else
  redis.call('HSET', record, 'late_answer', ARGV[2])
end
redis.call('HSET', record, 'corrected_ms', ARGV[4])
show(record, KEYS[3], KEYS[4], KEYS[5], ARGV[1], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
return {1, unpack(redis.call('HGETALL', record))}
