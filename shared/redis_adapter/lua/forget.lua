-- Takes a question whose record has expired off the indexes.
-- KEYS  1 record  2… indexes
-- ARGV  1 id
-- Returns 1 if no such record is kept, else 0.
-- Invariant: a question that is kept stays on its indexes, whatever another server said of it.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
for i = 2, #KEYS do
  redis.call('ZREM', KEYS[i], ARGV[1])
end
return 1
