-- Says when the policy of an open question is to be looked at again, and queues the job for it.
-- KEYS  1 record  2 looks  3 queue  4 body of the job
-- ARGV  1 id  2 when (ms), or '' for not before something changes  3 job's id  4 its body  5 now ms
--       6 channel "wake"
-- Returns 1 if a job was queued, else 0.
-- Invariant: a look that is still to come is put off by nobody. Who sees older facts than another
-- can only add one that finds nothing to do.
local known = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or '0')
local now, due = tonumber(ARGV[5]), tonumber(ARGV[2])
local is_open = redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], 'outcome') == 0
if is_open and known > now and (not due or known <= due) then
  return 0
end
if not is_open or not due then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
redis.call('ZADD', KEYS[2], due, ARGV[1])
redis.call('HSET', KEYS[1], 'policy_job', ARGV[3])
enqueue(KEYS[3], KEYS[4], ARGV[3], ARGV[4], due, math.max(1, redis.call('PTTL', KEYS[1])))
if due <= now then
  redis.call('PUBLISH', ARGV[6], ARGV[1])
end
return 1
