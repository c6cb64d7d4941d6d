-- Has it shown that an answer stands, once every edit was heard that was made in its time.
-- KEYS  1 record  2 correctable  3 unshown  4 queue  5 body of the showing job
-- ARGV  1 id  2 until when all that people did was heard (ms)  3 now ms  4 showing job's id
--       5 its body  6 channel "changed"  7 channel "wake"
-- Returns 1 if there is something to show now, else 0.
-- Invariant: an answer whose edits may be unheard stays on the index for as long as it is kept.
local until_ms = redis.call('ZSCORE', KEYS[2], ARGV[1])
local is_kept = redis.call('EXISTS', KEYS[1]) == 1
if not until_ms or (is_kept and tonumber(until_ms) > tonumber(ARGV[2])) then
  return 0
end
redis.call('ZREM', KEYS[2], ARGV[1])
if not is_kept then
  return 0
end
redis.call('HSET', KEYS[1], 'grace_over', '1')
show(KEYS[1], KEYS[3], KEYS[4], KEYS[5], ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return 1
