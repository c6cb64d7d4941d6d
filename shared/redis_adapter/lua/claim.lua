-- Notes who is on a question, or that nobody is any more.
-- KEYS  1 record  2 unshown  3 queue  4 body of the showing job
--       5 fence (only for what a listener heard)
-- ARGV  1 id  2 claim, or '' to release  3 the claiming person's id
--       4 whose claim may be ended by this: a person's id, '' for nobody's, '*' for anybody's
--       5 what this came by, or ''  6 whether another person gives it to them 0|1
--       7 now ms  8 showing job's id  9 its body  10 channel "changed"  11 channel "wake"
--       12 fencing number, or ''  13 how many sources are remembered
--       14… states in which it may be done
-- Returns {applied 0|1, record…}; {2, record…} when the slot has a newer holder; {-1} when no such
-- record is kept.
-- Invariant: one person at a time is on a question; what came by one source is done once, even if
-- its second delivery is read long after the first. Only the newest sources are remembered, in one
-- field: a field for each would let the record outgrow what a script can return.
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state then
  return {-1}
end
if outdated(KEYS[5], ARGV[12]) then
  return {2, unpack(redis.call('HGETALL', record))}
end
local allowed = false
for i = 14, #ARGV do
  allowed = allowed or ARGV[i] == state
end
local holder = redis.call('HGET', record, 'claimed_by')
local may_end = not holder or ARGV[4] == '*' or ARGV[4] == holder
local changes = ARGV[2] == '' and holder or ARGV[2] ~= '' and holder ~= ARGV[3]
local sources = redis.call('HGET', record, 'claim_sources') or ''
local done = ARGV[5] ~= '' and string.find(' ' .. sources .. ' ', ' ' .. ARGV[5] .. ' ', 1, true)
if not allowed or not may_end or not changes or done then
  return {0, unpack(redis.call('HGETALL', record))}
end
if ARGV[5] ~= '' then
  sources = sources == '' and ARGV[5] or sources .. ' ' .. ARGV[5]
  local _, spaces = string.gsub(sources, ' ', ' ')
  if spaces >= tonumber(ARGV[13]) then
    sources = string.sub(sources, string.find(sources, ' ', 1, true) + 1)
  end
  redis.call('HSET', record, 'claim_sources', sources)
end
if ARGV[6] == '1' then
  redis.call('HINCRBY', record, 'assignments', 1)
end
if ARGV[2] == '' then
  redis.call('HDEL', record, 'claim', 'claimed_by')
  if state == 'claimed' then
    redis.call('HSET', record, 'state', 'posted')
  end
else
  redis.call('HSET', record, 'claim', ARGV[2], 'claimed_by', ARGV[3])
  if state == 'posted' then
    redis.call('HSET', record, 'state', 'claimed')
  end
end
show(record, KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11])
return {1, unpack(redis.call('HGETALL', record))}
