-- Notes that the customer knows the outcome, or the late answer, so that people can see it.
-- KEYS  1 record  2 unshown  3 queue  4 body of the showing job
-- ARGV  1 id  2 field of the news: outcome or late_answer  3 field of its delivery  4 now ms
--       5 showing job's id  6 its body  7 channel "changed"  8 channel "wake"
-- Returns {applied 0|1, record…}; {-1} when no such record is kept.
-- Invariant: each news is delivered once, and none that there is not.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {-1}
end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 or redis.call('HEXISTS', KEYS[1], ARGV[3]) == 1 then
  return {0, unpack(redis.call('HGETALL', KEYS[1]))}
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
show(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8])
return {1, unpack(redis.call('HGETALL', KEYS[1]))}
