-- Keeps the images of an answer that is about to be accepted.
-- KEYS  1 record  2 files  3 fence (only for what a listener heard)
-- ARGV  1 fencing number, or ''  2… name and content of each file, in turn
-- Returns 1 kept | 0 no such record, or none that takes an answer | 2 the slot has a newer holder.
-- Invariant: what is kept expires together with the record, and what an answer may name is never
-- dropped or changed by somebody who hears the same message later and gets fewer of its images.
local ttl = redis.call('PTTL', KEYS[1])
if ttl <= 0 then
  return 0
end
if outdated(KEYS[3], ARGV[1]) then
  return 2
end
local late = redis.call('HGET', KEYS[1], 'state') == 'timed_out'
  and redis.call('HEXISTS', KEYS[1], 'late_answer') == 0
if redis.call('HEXISTS', KEYS[1], 'outcome') == 1 and not late then
  return 0
end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[2], ttl)
return 1
