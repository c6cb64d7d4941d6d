-- Fixes what a question shows of what was answered before.
-- KEYS  1 record
-- ARGV  1 what is shown
-- Returns {applied 0|1, record…}; {-1} when no such record is kept.
-- Invariant: the first note stands, so that every edit of the message shows the same.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {-1}
end
local applied = 0
if redis.call('HEXISTS', KEYS[1], 'precedents') == 0 then
  redis.call('HSET', KEYS[1], 'precedents', ARGV[1])
  applied = 1
end
return {applied, unpack(redis.call('HGETALL', KEYS[1]))}
