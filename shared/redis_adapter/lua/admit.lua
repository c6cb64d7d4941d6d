-- Lets an agent's request in, or tells when the next one may come (a token bucket, kept as one moment).
-- KEYS  1 when the bucket would be full again (ms, fractional)
-- ARGV  1 interval ms between calls over time  2 how many may come at once
-- Returns '0' where it is let in, else how many ms its agent must wait, as a string.
-- Invariant: over any second at most 1000/interval + burst calls are let in; a refused one costs
-- nothing, so that whoever asks too often is not kept out for ever.
-- A bucket has one rate for ever: its name holds it, since what one rate owes is no debt at another.
-- The server's clock is used, since the callers' clocks differ.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
local wait = full - now - interval * (burst - 1)
if wait > 0 then
  return string.format('%.3f', wait)
end
redis.call('SET', KEYS[1], string.format('%.3f', full + interval),
  'PX', math.ceil(full + interval - now) + 1000)
return '0'
