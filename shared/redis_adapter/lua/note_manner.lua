-- Writes down how a question's message tells people to answer.
-- KEYS  1 record
-- ARGV  1 manner  2 when an edit of the message changed what makes an answer (ms), or ''
-- Returns 1 if it is noted, 0 where something later was, or no such record is kept.
-- Invariant: what was shown before is never noted over what was shown later.
local known = tonumber(redis.call('HGET', KEYS[1], 'shown_since_ms'))
local since = tonumber(ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 0 or (since and known and since < known) then
  return 0
end
redis.call('HSET', KEYS[1], 'manner', ARGV[1])
if since then
  redis.call('HSET', KEYS[1], 'shown_since_ms', ARGV[2])
end
return 1
