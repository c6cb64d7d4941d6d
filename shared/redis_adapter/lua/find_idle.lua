-- Finds what is to be done of an index but that no job waits to do, however much stands before it.
-- KEYS  1 index of what is to be done
-- ARGV  1 the latest that is overdue ms  2 how many entries to pass over  3 how many to look at
--       4 record key without its id  5 field that holds the job's id  6 only while it is open 0|1
-- Returns how many were looked at, and the ids of those to be seen to, the oldest first.
-- Invariant: nothing is changed, and whatever requeue.lua would queue or take off is found.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', ARGV[2], ARGV[3])
local found = {#due}
for _, id in ipairs(due) do
  local record = ARGV[4] .. id
  local over = ARGV[6] == '1' and redis.call('HEXISTS', record, 'outcome') == 1
  if over or not waits(redis.call('HGET', record, ARGV[5])) then
    found[#found + 1] = id
  end
end
return found
