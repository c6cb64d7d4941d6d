-- Keeps an access key until it expires, and in the list of all.
-- KEYS  1 key  2 list
-- ARGV  1 id  2 what is kept of it  3 when it expires (ms)  4 now ms
-- Returns 1.
-- Invariant: the list holds whatever key is kept, and is gone once the last one has expired.
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[2], math.ceil(tonumber(last[2])))
return 1
