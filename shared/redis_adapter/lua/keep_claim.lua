-- Notes that whoever is on a question was heard of again, so that their claim does not go silent.
-- KEYS  1 record  2 fence (only for what a listener heard)
-- ARGV  1 the person's id  2 when (ms)  3 how much newer than the last one it must be (ms)
--       4 fencing number, or ''  5… states in which it may be done
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: only who is on it keeps the claim, and the moment only moves forward. Not each of many
-- messages is written down.
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state then
  return {-1}
end
if outdated(KEYS[2], ARGV[4]) then
  return {2, unpack(redis.call('HGETALL', record))}
end
local allowed = false
for i = 5, #ARGV do
  allowed = allowed or ARGV[i] == state
end
local known = tonumber(redis.call('HGET', record, 'claim_kept_ms'))
local is_news = not known or tonumber(ARGV[2]) >= known + tonumber(ARGV[3])
if not allowed or not is_news or redis.call('HGET', record, 'claimed_by') ~= ARGV[1] then
  return {0, unpack(redis.call('HGETALL', record))}
end
redis.call('HSET', record, 'claim_kept_ms', ARGV[2])
return {1, unpack(redis.call('HGETALL', record))}
