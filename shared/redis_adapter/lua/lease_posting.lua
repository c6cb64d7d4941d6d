-- Gives one worker leave to post a question for a short while.
-- KEYS  1 record  2 lease
-- ARGV  1 token  2 length ms
-- Returns {verdict, attempt, record…}; verdict is granted, held or not_needed.
-- Invariant: at most one lease on a question is alive, and only while it is queued.
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' then
  return {'not_needed', 0, unpack(redis.call('HGETALL', KEYS[1]))}
end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {'held', 0}
end
local attempt = redis.call('HINCRBY', KEYS[1], 'attempts', 1)
return {'granted', attempt, unpack(redis.call('HGETALL', KEYS[1]))}
