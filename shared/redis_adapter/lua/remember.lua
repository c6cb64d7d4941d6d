-- Remembers an answered question for later ones on its route, by the terms of its words.
-- KEYS  1 record  2 the route's entries in order  3 their terms  4 routes that remember anything
-- ARGV  1 id  2 route  3 terms, with spaces between  4 key of those that have a term, without it
--       5 now ms  6 how many a route remembers  7 how many are forgotten at once
-- Returns 1 if it is new, 0 if it was remembered before or is no answered question that is kept.
-- Invariant: an entry is made once, is due when its record expires, and there are no more than so
-- many. It holds no words: they are read in the record.
local id = ARGV[1]
local state = redis.call('HGET', KEYS[1], 'state')
local kept_until = redis.call('HGET', KEYS[1], 'kept_until_ms')
if state ~= 'answered' or redis.call('HEXISTS', KEYS[3], id) == 1 then
  return 0
end

local function keep(key)
  if redis.call('PTTL', key) < kept_until - ARGV[5] then
    redis.call('PEXPIREAT', key, kept_until)
  end
end

redis.call('ZADD', KEYS[2], kept_until, id)
keep(KEYS[2])
redis.call('HSET', KEYS[3], id, ARGV[3])
keep(KEYS[3])
for term in string.gmatch(ARGV[3], '%S+') do
  redis.call('SADD', ARGV[4] .. term, id)
  keep(ARGV[4] .. term)
end
forget_precedents({order = KEYS[2], terms = KEYS[3], routes = KEYS[4]},
  ARGV[2], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
return 1
