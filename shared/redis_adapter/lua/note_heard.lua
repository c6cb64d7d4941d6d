-- Remembers the newest message that was heard under a question.
-- KEYS  1 record  2 fence
-- ARGV  1 the message's id  2 fencing number
-- Returns 1 if it is newer than what was known, else 0.
-- Invariant: the cursor only moves forward, and by the word of the slot's newest holder. Ids are 64
-- bits wide, more than a Lua number holds, so they are compared as text: first by length, then digit
-- by digit.
local known = redis.call('HGET', KEYS[1], 'heard')
if known and (#known > #ARGV[1] or (#known == #ARGV[1] and known >= ARGV[1])) then
  return 0
end
if redis.call('EXISTS', KEYS[1]) == 0 or outdated(KEYS[2], ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], 'heard', ARGV[1])
return 1
