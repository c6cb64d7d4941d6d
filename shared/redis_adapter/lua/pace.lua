-- Spaces the calls of all processes that share one budget (the generic cell rate algorithm).
-- KEYS  1 when the next call would be due if all came evenly (ms, fractional)
-- ARGV  1 interval ms between calls  2 how many may leave at once
-- Returns how many ms the caller must wait before its call, as a string.
-- Invariant: over any second at most 1000/interval + burst calls are let go.
-- The server's clock is used, since the callers' clocks differ.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
local wait = math.max(0, due - now - interval * (burst - 1))
local next_due = string.format('%.3f', due + interval)
redis.call('SET', KEYS[1], next_due, 'PX', math.ceil(next_due - now) + 1000)
return string.format('%.3f', wait)
