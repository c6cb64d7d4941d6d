-- Queues one job, due at once, and wakes a worker.
-- KEYS  1 queue  2 job's body
-- ARGV  1 job's id  2 body  3 now ms  4 time to live ms  5 channel "wake"
-- Returns 1 if it was queued, 0 if a job with this id waits or runs.
local queued = enqueue(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
if queued == 1 then
  redis.call('PUBLISH', ARGV[5], ARGV[1])
end
return queued
