-- Remembers until when everything that people wrote was taken in.
-- KEYS  1 that moment  2 fence
-- ARGV  1 moment ms  2 how long it is kept, ms  3 fencing number
-- Returns 1 if the word was taken, 0 if the slot has a newer holder.
-- Invariant: the moment only moves forward, and by the word of the slot's newest holder.
if outdated(KEYS[2], ARGV[3]) then
  return 0
end
local known = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call('SET', KEYS[1], string.format('%.0f', math.max(known, tonumber(ARGV[1]))), 'PX', ARGV[2])
return 1
