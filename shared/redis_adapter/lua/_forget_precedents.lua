-- Put in front of every script that changes what a route remembers.
-- Takes off what is no longer kept and what is one too many, oldest first, so many at most at once;
-- then notes when the next one is due. Returns how many it took off.
-- Invariant: whatever names an entry (its place in the order, its terms) goes with it.
local function forget_precedents(keys, route, of_term, now, most, at_once)
  local forgotten = 0
  while forgotten < at_once do
    local first = redis.call('ZRANGE', keys.order, 0, 0, 'WITHSCORES')
    local due = first[1] and tonumber(first[2]) <= now
    if not first[1] or not (due or redis.call('ZCARD', keys.order) > most) then
      break
    end
    for term in string.gmatch(redis.call('HGET', keys.terms, first[1]) or '', '%S+') do
      redis.call('SREM', of_term .. term, first[1])
    end
    redis.call('HDEL', keys.terms, first[1])
    redis.call('ZREM', keys.order, first[1])
    forgotten = forgotten + 1
  end
  local next_one = redis.call('ZRANGE', keys.order, 0, 0, 'WITHSCORES')
  if next_one[1] then
    redis.call('ZADD', keys.routes, next_one[2], route)
  else
    redis.call('ZREM', keys.routes, route)
  end
  return forgotten
end
