-- Notes that all was read which people wrote under a question before it was known where it is shown.
-- KEYS  1 unread  2 fence
-- ARGV  1 id  2 fencing number
-- Returns 1 if it was taken off, else 0.
-- Invariant: what a listener read that was relieved meanwhile is left to the next one.
if outdated(KEYS[2], ARGV[2]) then
  return 0
end
return redis.call('ZREM', KEYS[1], ARGV[1])
