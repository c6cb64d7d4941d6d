-- Finds the remembered questions of a route that are most like another one, by shared terms.
-- KEYS  1 the route's entries in order  2 their terms  3… those that have each term that is asked for
-- ARGV  1 id of the question that asks  2 how many are wanted  3 how much alike they must be
--       4 how many mentions may be read  5 the weights' prior
-- Returns ids, the most alike first; of two that are equally so, the newer.
-- Invariant: reads so many mentions at most, however much is remembered. `shared/likeness.py` has
-- the same measure and says why.
local LOOKED_AT = 30 -- of those that share most: whether they are alike depends on their lengths too
local TERM_LENGTH = 8
local remembered = redis.call('ZCARD', KEYS[1])
local terms = {}
for i = 3, #KEYS do
  terms[#terms + 1] = {key = KEYS[i], holding = redis.call('SCARD', KEYS[i])}
end
table.sort(terms, function(one, other)
  if one.holding ~= other.holding then
    return one.holding < other.holding
  end
  return one.key < other.key
end)

local whole, read, sets, weights = 0, 0, {}, {}
for _, term in ipairs(terms) do
  read = read + term.holding
  if read > tonumber(ARGV[4]) then
    break
  end
  local weight = 1 - term.holding / (remembered + tonumber(ARGV[5]))
  whole = whole + weight
  if term.holding > 0 then
    sets[#sets + 1] = term.key
    weights[#weights + 1] = string.format('%.17g', weight)
  end
end
if #sets == 0 then
  return {}
end

local union = {#sets}
for _, key in ipairs(sets) do
  union[#union + 1] = key
end
union[#union + 1] = 'WEIGHTS'
for _, weight in ipairs(weights) do
  union[#union + 1] = weight
end
union[#union + 1] = 'WITHSCORES'
local sharing = redis.call('ZUNION', unpack(union)) -- the most shared last

local found = {}
for i = #sharing - 1, math.max(1, #sharing + 1 - 2 * LOOKED_AT), -2 do
  local id, shared = sharing[i], tonumber(sharing[i + 1])
  local known = (redis.call('HSTRLEN', KEYS[2], id) + 1) / (TERM_LENGTH + 1)
  local alike = math.min(1, 2 * shared / whole / (1 + known / (#KEYS - 2)))
  if id ~= ARGV[1] and alike >= tonumber(ARGV[3]) then
    found[#found + 1] = {id = id, alike = string.format('%.6f', alike)}
  end
end
table.sort(found, function(one, other)
  if one.alike ~= other.alike then
    return one.alike > other.alike
  end
  return one.id > other.id
end)

local ids = {}
for i = 1, math.min(#found, tonumber(ARGV[2])) do
  ids[i] = found[i].id
end
return ids
