/**
 * Lua: `incarnation(now)`, which names the history that serves this Redis: another one after every failover, and after a
 * restart. Read anew when the last reading is 100 ms old, since it costs more than all the rest of a function.
 */
export const INCARNATION = `
local read_at, read_as
local function incarnation(now)
  if not read_at or now < read_at or now - read_at >= 100 then
    read_as = string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 12)
    read_at = now
  end
  return read_as
end`
