-- Finds which of a tenant's newest questions are on its own index alone, and on no conversation's: an
-- older version, which may run beside this one, accepts them so.
-- KEYS  1 the tenant's index
-- ARGV  1 how many of its newest to look at  2 record key without its id
-- Returns ids, the newest first; what is no longer kept may be among them.
-- Invariant: nothing is changed.
local unlisted = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1)) do
  if redis.call('HEXISTS', ARGV[2] .. id, 'conversation') == 0 then
    unlisted[#unlisted + 1] = id
  end
end
return unlisted
