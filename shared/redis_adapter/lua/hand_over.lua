-- Notes that an agent is about to read how a question was answered, and gives what it may read.
-- KEYS  1 record
-- ARGV  1 now ms
-- Returns the record; nothing when no such record is kept.
-- Invariant: what is returned of an answer, and of a correction beside it, is the same for ever.
if redis.call('HGET', KEYS[1], 'state') == 'answered' then
  for _, news in ipairs({'outcome', 'late_answer'}) do
    local noted = news .. '_handed_over_ms'
    if redis.call('HEXISTS', KEYS[1], news) == 1 and redis.call('HEXISTS', KEYS[1], noted) == 0 then
      redis.call('HSET', KEYS[1], noted, ARGV[1])
    end
  end
end
return redis.call('HGETALL', KEYS[1])
