-- Put in front of every script that acts on what a listener heard.
-- Tells whether the slot has a newer holder than the one of this number. Without a key: never.
-- Invariant: once a slot was taken anew, nothing that an older holder heard changes anything.
local function outdated(fence, number)
  return fence ~= nil and tonumber(redis.call('GET', fence) or '0') > tonumber(number)
end
