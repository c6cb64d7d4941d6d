-- Notes a step of an open question's policy, and ends the claim with it where the step is to do so.
-- KEYS  1 record  2 unshown  3 queue  4 body of the showing job
-- ARGV  1 id  2 how many steps were found  3 whose claim was found, or ''
--       4 how many remarks were found  5 progress  6 how many steps it has
--       7 end the claim 0|1  8 now ms  9 showing job's id  10 its body
--       11 channel "changed"  12 channel "wake"
--       13 when its holder was found to have been heard of (ms), or ''
--       14… states in which it may be done
-- Returns {applied 0|1, record…}; {-1} when no such record is kept.
-- Invariant: each step is noted once, and only on the facts on which it was planned.
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state then
  return {-1}
end
local allowed = false
for i = 14, #ARGV do
  allowed = allowed or ARGV[i] == state
end
local as_found = (redis.call('HGET', record, 'policy_steps') or '0') == ARGV[2]
  and (redis.call('HGET', record, 'claimed_by') or '') == ARGV[3]
  and (redis.call('HGET', record, 'remarks_made') or '0') == ARGV[4]
  and (redis.call('HGET', record, 'claim_kept_ms') or '') == ARGV[13]
if not allowed or not as_found then
  return {0, unpack(redis.call('HGETALL', record))}
end
redis.call('HSET', record, 'progress', ARGV[5], 'policy_steps', ARGV[6])
if ARGV[7] == '1' then
  redis.call('HDEL', record, 'claim', 'claimed_by')
  if state == 'claimed' then
    redis.call('HSET', record, 'state', 'posted')
  end
  show(record, KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12])
end
return {1, unpack(redis.call('HGETALL', record))}
