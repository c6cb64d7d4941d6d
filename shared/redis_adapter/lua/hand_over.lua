-- Notes that an agent is about to read how a question was answered, and gives what it may read.
-- KEYS  1 record
-- ARGV  1 now ms
-- Returns the record; nothing when no such record is kept.
-- Invariant: what is returned of an answer, and of a correction beside it, is the same for ever.
if redis.call('HGET', KEYS[1], 'state') == 'answered' then
  redis.call('HSETNX', KEYS[1], 'outcome_handed_over_ms', ARGV[1])
  if redis.call('HEXISTS', KEYS[1], 'late_answer') == 1 then
    redis.call('HSETNX', KEYS[1], 'late_answer_handed_over_ms', ARGV[1])
  end
end
return redis.call('HGETALL', KEYS[1])
