-- Takes a concluded question off the list of those whose outcome is still to be shown.
-- KEYS  1 unshown
-- ARGV  1 id  2 the score that was read before showing it
-- Returns 1 if it was taken off, 0 if something new is to be shown meanwhile.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
return redis.call('ZREM', KEYS[1], ARGV[1])
