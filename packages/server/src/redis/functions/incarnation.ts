/**
 * Lua: `incarnation(now)`, which names the history that serves this Redis: another one after every failover, and after a
 * restart. Read anew when the last reading is 100 ms old, since it costs more than all the rest of a function.
 *
 * A replica is asked for nothing, readings included: what it has may lag, which would look as if messages were lost; and
 * the history that it names is that of its master, which ends in the moment in which it takes over. So this fails there,
 * as a write does.
 */
export const INCARNATION = `
local read_at, read_as
local function incarnation(now)
  if not read_at or now < read_at or now - read_at >= 100 then
    local info = redis.call('INFO', 'replication')
    if string.find(info, 'role:slave', 1, true) then error({ err = 'READONLY this Redis is a replica' }) end
    read_as, read_at = string.sub(string.match(info, 'master_replid:(%x+)'), 1, 12), now
  end
  return read_as
end`
