-- Gives one worker leave to show something of a question (the question itself, or its outcome).
-- KEYS  1 record  2 lease
-- ARGV  1 token  2 length ms  3 field that counts the attempts  4 state it must be in, or ''
-- Returns {verdict, attempt, record…}; verdict is granted, held or not_needed.
-- Invariant: at most one lease on a question is alive.
local state = redis.call('HGET', KEYS[1], 'state')
if not state or (ARGV[4] ~= '' and ARGV[4] ~= state) then
  return {'not_needed', 0, unpack(redis.call('HGETALL', KEYS[1]))}
end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {'held', 0}
end
local attempt = redis.call('HINCRBY', KEYS[1], ARGV[3], 1)
return {'granted', attempt, unpack(redis.call('HGETALL', KEYS[1]))}
