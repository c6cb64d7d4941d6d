-- Takes what is no longer kept off what a route remembers.
-- KEYS  1 the route's entries in order  2 their terms  3 routes that remember anything
-- ARGV  1 route  2 key of those that have a term, without it  3 now ms
--       4 how many a route remembers  5 how many are forgotten at once
-- Returns how many were forgotten; as many as may be at once when more are due.
return forget_precedents({order = KEYS[1], terms = KEYS[2], routes = KEYS[3]},
  ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))
