-- Prolongs a lease, or gives it back (length 0), if the token is still the one that holds it.
-- KEYS  1 lease
-- ARGV  1 token  2 length ms
-- Returns 1 if the lease was ours, else 0.
-- Invariant: a worker that lost its lease never touches the next worker's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
