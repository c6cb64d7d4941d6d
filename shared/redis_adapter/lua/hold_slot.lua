-- Takes a listener's slot that is free, or keeps the one that is held.
-- KEYS  1 slot  2 fence
-- ARGV  1 token  2 length ms  3 how long the fence is kept, ms
-- Returns the fencing number under which the slot is held, or 0: somebody else holds it.
-- Invariant: one token holds a slot at a time, and each new holder's number is larger than the last.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local fence
if holder then
  fence = tonumber(redis.call('GET', KEYS[2]) or '1')
else
  fence = redis.call('INCR', KEYS[2])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return fence
