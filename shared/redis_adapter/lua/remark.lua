-- Adds what an operator asks back, or what the agent tells in return, to an open question.
-- KEYS  1 record  2 asked back  3 unshown  4 queue  5 body of the showing job
--       6 fence (only for what a listener heard)
-- ARGV  1 id  2 operator|agent  3 remark  4 its source  5 how many a question may have  6 now ms
--       7 showing job's id  8 its body  9 channel "changed"  10 channel "wake"
--       11 fencing number, or ''  12… states in which it may be made
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: a remark is added once; the question waits for the agent from the operator's remark to
-- the agent's next one.
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state then
  return {-1}
end
if outdated(KEYS[6], ARGV[11]) then
  return {2, unpack(redis.call('HGETALL', record))}
end
local allowed = false
for i = 12, #ARGV do
  allowed = allowed or ARGV[i] == state
end
local remarks = redis.call('HGET', record, 'remarks') or '[]'
local count = tonumber(redis.call('HGET', record, 'remarks_made') or '0')
if not allowed or count >= tonumber(ARGV[5])
    or redis.call('HEXISTS', record, 'remark:' .. ARGV[4]) == 1 then
  return {0, unpack(redis.call('HGETALL', record))}
end

local separator = remarks == '[]' and '' or ','
redis.call('HSET', record, 'remarks', string.sub(remarks, 1, -2) .. separator .. ARGV[3] .. ']',
  'remarks_made', count + 1, 'remark:' .. ARGV[4], '1')
if ARGV[2] == 'operator' then
  redis.call('HSET', record, 'state', 'needs_info')
  redis.call('SET', KEYS[2], ARGV[3], 'PX', math.max(1, redis.call('PTTL', record)))
else
  redis.call('DEL', KEYS[2])
  if state == 'needs_info' then
    local claimed = redis.call('HEXISTS', record, 'claim') == 1
    redis.call('HSET', record, 'state', claimed and 'claimed' or 'posted')
  end
end
show(record, KEYS[3], KEYS[4], KEYS[5], ARGV[1], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
return {1, unpack(redis.call('HGETALL', record))}
