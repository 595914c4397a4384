/** What functions know of the moment they run in. */
export const MOMENT = String.raw`
local function int(n)
  return string.format('%.0f', n)
end

-- Milliseconds since 1970.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The replication history that this Redis serves. It changes with every promotion and every restart of a master.
-- Asking takes as long as everything else a function does, so the answer holds for 100 ms: it cannot change while this
-- process is a master, but by a demotion and another promotion in between.
local replid, asked = '', 0
local function incarnation(date)
  if date < asked or date - asked >= 100 then
    replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x%x%x%x%x%x%x%x%x%x%x%x)')
    asked = date
  end
  return replid
end
`
