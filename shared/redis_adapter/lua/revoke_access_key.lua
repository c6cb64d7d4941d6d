-- Takes an access key back.
-- KEYS  1 key  2 list
-- ARGV  1 id
-- Returns 1 if it was there, else 0.
-- Invariant: from here on nobody is let in with it.
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
