-- Accepts a question: record, indexes, and the jobs that post and expire it, all or nothing.
-- KEYS  1 record  2 open  3 unposted  4 the agent's index  5 identical  6 queue
--       7 body of the posting job  8 body of the expiry job  9 the agent's open questions
--       10 when the agent's questions would all be in people's hands (ms)
--       11 idempotency, or 5 again without a key
--       12 the conversation's index (only in a conversation)
-- ARGV  1 id  2 agent  3 question  4 now ms  5 deadline ms  6 kept until ms
--       7 posting job's id  8 its body  9 expiry job's id  10 its body
--       11 record key without its id  12 channel "changed"  13 channel "wake"
--       14 when the expiry job is due (ms)  15 tenant, or '' for the agent's own
--       16 how many open questions the agent may have, or '' for any number
--       17 interval ms between two postings of one agent's over time  18 how many may be at once
--       19 how many of a conversation's questions are listed
--       20 whether an identical open question is joined although the key is new 0|1
-- Returns {id}: ours, or the id of the escalation that was joined; {'', ms}: the agent has as many as
-- it may, and the first of them ends at that moment, if not before.
-- Invariant: one escalation per idempotency key, one open one per identical question without a key or
-- with one that joins; of many that one
-- agent asks at once, the later ones are posted one interval after the other, so that another agent's
-- question is not behind them all.
local id, now, deadline, kept = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local known = redis.call('GET', KEYS[11])
if known and redis.call('EXISTS', ARGV[11] .. known) == 1 then
  return {known}
end
local identical = ARGV[20] == '1' and redis.call('GET', KEYS[5])
if identical and redis.call('EXISTS', ARGV[11] .. identical) == 1 then
  -- Noted, so that this key finds it after its end, too.
  redis.call('SET', KEYS[11], identical, 'PX', math.max(1, redis.call('PTTL', ARGV[11] .. identical)))
  return {identical}
end

-- Nothing may be taken off before the first HSET: once a script has written anything, a server whose
-- memory is full lets the rest of it pass.
local after_now = '(' .. now
if ARGV[16] ~= '' and redis.call('ZCOUNT', KEYS[9], after_now, '+inf') >= tonumber(ARGV[16]) then
  local first = redis.call('ZRANGE', KEYS[9], after_now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  return {'', first[2]}
end

redis.call('HSET', KEYS[1],
  'id', id, 'agent', ARGV[2], 'question', ARGV[3], 'state', 'queued', 'created_ms', ARGV[4],
  'deadline_ms', ARGV[5], 'kept_until_ms', ARGV[6], 'attempts', 0, 'identical', KEYS[5], 'post_job', ARGV[7])
-- 'conversation' is there whether it has one or not: what lacks it is on the agent's index alone.
redis.call('HSET', KEYS[1], 'asks', KEYS[9], 'conversation', KEYS[12] or '')
if ARGV[15] ~= '' then
  redis.call('HSET', KEYS[1], 'tenant', ARGV[15])
end
redis.call('PEXPIREAT', KEYS[1], kept)
redis.call('ZADD', KEYS[2], deadline, id)
redis.call('ZADD', KEYS[3], now, id)

redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - (kept - now))
redis.call('ZADD', KEYS[4], now, id)
if redis.call('PTTL', KEYS[4]) < kept - now then
  redis.call('PEXPIREAT', KEYS[4], kept)
end

if KEYS[12] then
  redis.call('ZADD', KEYS[12], now, id)
  for _, older in ipairs(redis.call('ZRANGE', KEYS[12], 0, -tonumber(ARGV[19]) - 1)) do
    redis.call('ZREM', KEYS[12], older)
  end
  if redis.call('PTTL', KEYS[12]) < kept - now then
    redis.call('PEXPIREAT', KEYS[12], kept)
  end
end

redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now)
redis.call('ZADD', KEYS[9], deadline, id)
if redis.call('PTTL', KEYS[9]) < deadline - now then
  redis.call('PEXPIREAT', KEYS[9], deadline)
end

redis.call('SET', KEYS[5], id, 'PX', math.max(1, deadline - now))
if KEYS[11] ~= KEYS[5] then
  redis.call('SET', KEYS[11], id, 'PX', math.max(1, kept - now))
end

local interval = tonumber(ARGV[17])
local idle = math.max(now, tonumber(redis.call('GET', KEYS[10]) or now))
local due = math.max(now, idle - interval * (tonumber(ARGV[18]) - 1))
redis.call('SET', KEYS[10], idle + interval, 'PX', math.ceil(idle + interval - now) + 1000)

enqueue(KEYS[6], KEYS[7], ARGV[7], ARGV[8], due, kept - now)
enqueue(KEYS[6], KEYS[8], ARGV[9], ARGV[10], ARGV[14], kept - now)
redis.call('PUBLISH', ARGV[12], id)
redis.call('PUBLISH', ARGV[13], id)
return {id}
