-- Adds to what one person has written into a question's form.
-- KEYS  1 record  2 draft  3 fence (only for what a listener heard)
-- ARGV  1 how long it is kept, ms  2 fencing number, or ''  3 how many states follow
--       4… states in which something is added, then names and texts of fields in turn
-- Returns {status, name, text, …}: all that the draft holds then. Status 1: added; 0: the question
-- has ended or is not kept; 2: the slot has a newer holder.
-- Invariant: a draft outlives its last change by this long, and grows only while its question is open.
local record, draft = KEYS[1], KEYS[2]
if outdated(KEYS[3], ARGV[2]) then
  return {2}
end
local state, last = redis.call('HGET', record, 'state'), 3 + tonumber(ARGV[3])
local allowed = false
for i = 4, last do
  allowed = allowed or ARGV[i] == state
end
if not allowed then
  return {0, unpack(redis.call('HGETALL', draft))}
end
for i = last + 1, #ARGV, 2 do
  redis.call('HSET', draft, ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', draft, ARGV[1])
return {1, unpack(redis.call('HGETALL', draft))}
