-- Counts one person's word on an approval, and ends the question where that decides it.
-- KEYS  1 record  2 reply  3 open  4 unposted  5 unshown  6 queue  7 body of the showing job
--       8 fence (only for what a listener heard)
-- ARGV  1 id  2 vote  3 the person's id  4 approves 0|1  5 approvals needed
--       6 the outcome if this vote decides  7 its state  8 now ms  9 showing job's id  10 its body
--       11 channel "changed"  12 channel "wake"  13 fencing number, or ''
--       14… states from which it may end
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: one vote a person; one denial denies; so many approvals of different people approve.
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state then
  return {-1}
end
if outdated(KEYS[8], ARGV[13]) then
  return {2, unpack(redis.call('HGETALL', record))}
end
local allowed = false
for i = 14, #ARGV do
  allowed = allowed or ARGV[i] == state
end
if not allowed or redis.call('HEXISTS', record, 'vote:' .. ARGV[3]) == 1 then
  return {0, unpack(redis.call('HGETALL', record))}
end

local votes = redis.call('HGET', record, 'votes') or '[]'
local separator = votes == '[]' and '' or ','
redis.call('HSET', record, 'votes', string.sub(votes, 1, -2) .. separator .. ARGV[2] .. ']',
  'vote:' .. ARGV[3], '1')
local approvals = redis.call('HINCRBY', record, 'approvals', ARGV[4])
if ARGV[4] == '0' or approvals >= tonumber(ARGV[5]) then
  conclude({record = record, reply = KEYS[2], open = KEYS[3], unposted = KEYS[4],
    unshown = KEYS[5], queue = KEYS[6], show_body = KEYS[7]},
    ARGV[1], ARGV[7], ARGV[6], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12])
else
  show(record, KEYS[5], KEYS[6], KEYS[7], ARGV[1], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12])
end
return {1, unpack(redis.call('HGETALL', record))}
