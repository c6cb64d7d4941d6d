-- Gives one worker leave to show something of a question (the question itself, or its outcome).
-- KEYS  1 record  2 lease  3 unposted (only to show the question itself)
-- ARGV  1 token  2 length ms  3 field that counts the attempts  4 id
-- Returns {verdict, attempt, record…}; verdict is granted, held or not_needed.
-- Invariant: at most one lease on a question is alive. Whether a question is to be posted is told by
-- the index, not by its state: people may ask back before they see it, and it waits for that then.
local needed = redis.call('EXISTS', KEYS[1]) == 1
if needed and KEYS[3] then
  needed = redis.call('ZSCORE', KEYS[3], ARGV[4]) and redis.call('HEXISTS', KEYS[1], 'outcome') == 0
end
if not needed then
  return {'not_needed', 0, unpack(redis.call('HGETALL', KEYS[1]))}
end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {'held', 0}
end
local attempt = redis.call('HINCRBY', KEYS[1], ARGV[3], 1)
return {'granted', attempt, unpack(redis.call('HGETALL', KEYS[1]))}
