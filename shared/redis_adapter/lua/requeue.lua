-- Brings back a job that no worker is doing: the posting of a question, or of its outcome.
-- KEYS  1 record  2 lease  3 index of what is to be done  4 queue
-- ARGV  1 id  2 job's id without its number  3 body  4 now ms
--       5 channel "wake"  6 field that holds the job's id  7 only while it is open 0|1
-- Returns 1 if a job was queued, else 0.
-- Invariant: a job that waits in the queue, for its turn or for its next try, is not doubled. One
-- whose worker died gets a new id, because arq would hold the old one back until its time-out. An
-- open question stays on its index, whatever was said of it before people could see it.
local over = ARGV[7] == '1' and redis.call('HEXISTS', KEYS[1], 'outcome') == 1
if over or redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 0
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return 0
end
if waits(redis.call('HGET', KEYS[1], ARGV[6])) then
  return 0
end
local job_id = ARGV[2] .. redis.call('HINCRBY', KEYS[1], 'requeued', 1)
redis.call('HSET', KEYS[1], ARGV[6], job_id)
local ttl = math.max(1, redis.call('PTTL', KEYS[1]))
enqueue(KEYS[4], body_key(job_id), job_id, ARGV[3], ARGV[4], ttl)
redis.call('PUBLISH', ARGV[5], ARGV[1])
return 1
