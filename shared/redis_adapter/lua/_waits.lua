-- Put in front of every script that asks whether a job still waits in arq's queue, for its turn or
-- for its next try. One that is being done has read what it is about, and does not wait.
local function body_key(job_id)
  return 'arq:job:' .. job_id
end

local function waits(job_id)
  return job_id
    and redis.call('EXISTS', body_key(job_id)) == 1
    and redis.call('EXISTS', 'arq:in-progress:' .. job_id) == 0
end
