-- Claims the one notice that is given about a message.
-- KEYS  1 the notice  2 fence
-- ARGV  1 how long the claim is kept, ms  2 fencing number
-- Returns 1 if it is this caller's to give, else 0.
-- Invariant: at most one notice is given about a message, and none by a listener that was relieved.
if outdated(KEYS[2], ARGV[2]) or not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then
  return 0
end
return 1
