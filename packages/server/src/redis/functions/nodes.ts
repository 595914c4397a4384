import { functionLibrary } from '../functions.js'
import { INCARNATION } from './incarnation.js'
import { TIME } from './time.js'

/**
 * Which nodes there are: one sorted set of their names by the end of their lease. Beside them stands a mark, drawn when the
 * set was made: with another mark the set is a new one, which does not know yet who was in the old one.
 */
export const NODES = functionLibrary(
  'nodes',
  TIME,
  INCARNATION,
  `
-- Mark, then each name with how much of its lease is left.
local function all(key, date)
  local found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  local list = { '' }
  for i = 1, #found, 2 do
    if string.sub(found[i], 1, 1) == '!' then
      list[1] = found[i]
    else
      list[#list + 1] = found[i]
      list[#list + 1] = tonumber(found[i + 1]) - date
    end
  end
  return list
end

-- leases | name, lease, how long an ended lease is remembered, mark
register('renew', function(keys, args)
  local key, date = keys[1], millis()
  local lease, kept = tonumber(args[2]), tonumber(args[3])
  if redis.call('EXISTS', key) == 0 then redis.call('ZADD', key, 'inf', '!' .. args[4]) end
  redis.call('ZADD', key, date + lease, args[1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', date - kept)
  redis.call('PEXPIRE', key, lease + kept)
  return all(key, date)
end, { 'allow-oom' })

-- leases | name
register('leave', function(keys, args)
  return redis.call('ZREM', keys[1], args[1])
end, { 'allow-oom' })

-- leases
register('list', function(keys)
  local date = millis()
  incarnation(date)
  return all(keys[1], date)
end, { 'no-writes' })`,
)
