-- Has people shown an open question anew, although nothing about itself has changed.
-- KEYS  1 record  2 unshown  3 queue  4 body of the showing job
-- ARGV  1 id  2 now ms  3 showing job's id  4 its body  5 channel "changed"  6 channel "wake"
--       7… states in which there is a question to show
-- Returns 1 if it will be shown, else 0.
-- Invariant: only an open question is shown anew, and what is due to be shown stays due.
local state = redis.call('HGET', KEYS[1], 'state')
for i = 7, #ARGV do
  if ARGV[i] == state then
    show(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
    return 1
  end
end
return 0
