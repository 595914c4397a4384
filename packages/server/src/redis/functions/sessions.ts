import { functionLibrary } from '../functions.js'
import { INCARNATION } from './incarnation.js'
import { TIME } from './time.js'

/**
 * The records of sessions. A record is one hash:
 *
 *     o  owner number          u  user, as JSON         n  node that holds it
 *     d  digest of the token   p  digest of the one presented last, until the client has the new one
 *     k  subscriptions, as a JSON array                 a  attributes, as a JSON object
 *     w  number of the write of this owner that k and a are of; absent when an earlier owner wrote them
 *
 * Of a session that is over, `o` and a mark `x` stay for its time, so that a renewal that comes late does not bring it back.
 *
 * A Redis that is full takes nothing new; what renews or ends what is there goes on, or all of it would be over.
 */
export const SESSIONS = functionLibrary(
  'sessions',
  TIME,
  INCARNATION,
  `
local function put(key, field, text)
  if text == '' then redis.call('HDEL', key, field) else redis.call('HSET', key, field, text) end
end

-- record | digest presented, user, next digest, node, ttl, publish command, topics of the partition, id
-- → owner, subscriptions, attributes; nothing when this cannot be resumed
register('resume', function(keys, args)
  local key, presented, user, digest, node = keys[1], args[1], args[2], args[3], args[4]
  local owner, known, d, p, holder, k, a = unpack(redis.call('HMGET', key, 'o', 'u', 'd', 'p', 'n', 'k', 'a'))
  if not owner or known ~= user then return false end
  -- The same claim once more, whose answer was lost.
  if d == digest then return { tonumber(owner), k or '', a or '' } end
  if presented ~= d and presented ~= p then return false end
  owner = redis.call('HINCRBY', key, 'o', 1)
  redis.call('HSET', key, 'd', digest, 'p', presented, 'n', node)
  redis.call('HDEL', key, 'w')
  redis.call('PEXPIRE', key, args[5])
  if holder and holder ~= node then
    redis.call(args[6], args[7] .. holder, '1 ' .. owner .. ' ' .. args[8])
  end
  return { owner, k or '', a or '' }
end)

-- record | user, digest, node, ttl
register('begin', function(keys, args)
  local key = keys[1]
  local d = redis.call('HGET', key, 'd')
  -- Claimed again since: this is the same request once more, and late.
  if d and d ~= args[2] then return 0 end
  redis.call('HSET', key, 'o', 1, 'u', args[1], 'd', args[2], 'n', args[3])
  redis.call('HDEL', key, 'x')
  redis.call('PEXPIRE', key, args[4])
  return 1
end)

-- record | owner
register('confirm', function(keys, args)
  if redis.call('HGET', keys[1], 'o') == args[1] then redis.call('HDEL', keys[1], 'p') end
  return 1
end, { 'allow-oom' })

-- records | ttl, node, then for each record: owner, user, digest, number, subscriptions, attributes
-- → index of each record that a higher owner holds, and that owner
register('renew', function(keys, args)
  local taken = {}
  for i, key in ipairs(keys) do
    local at = 3 + (i - 1) * 6
    local held = tonumber(args[at])
    local owner, over = unpack(redis.call('HMGET', key, 'o', 'x'))
    owner = tonumber(owner or '0')
    if owner > held then
      taken[#taken + 1] = i - 1
      taken[#taken + 1] = owner
    elseif owner < held or not over then
      if owner < held then
        -- It has expired, or another history serves that does not know of the claim.
        redis.call('DEL', key)
        redis.call('HSET', key, 'o', args[at], 'u', args[at + 1], 'd', args[at + 2], 'w', args[at + 3])
        put(key, 'k', args[at + 4])
        put(key, 'a', args[at + 5])
      end
      redis.call('HSET', key, 'n', args[2])
      redis.call('PEXPIRE', key, args[1])
    end
  end
  return taken
end, { 'allow-oom' })

-- record | owner, number, subscriptions, attributes → whether it was written
register('keep', function(keys, args)
  local key = keys[1]
  local owner, written, over = unpack(redis.call('HMGET', key, 'o', 'w', 'x'))
  if owner ~= args[1] or over or (written and tonumber(written) > tonumber(args[2])) then return 0 end
  redis.call('HSET', key, 'w', args[2])
  put(key, 'k', args[3])
  put(key, 'a', args[4])
  return 1
end)

-- record | owner, ttl
register('release', function(keys, args)
  local key = keys[1]
  -- A lower owner is of a history that does not know of the claim.
  if tonumber(redis.call('HGET', key, 'o') or '0') > tonumber(args[1]) then return 0 end
  redis.call('DEL', key)
  redis.call('HSET', key, 'o', args[1], 'x', 1)
  redis.call('PEXPIRE', key, args[2])
  return 1
end, { 'allow-oom' })

-- record → user, subscriptions, attributes
register('read', function(keys)
  incarnation(millis())
  local u, k, a = unpack(redis.call('HMGET', keys[1], 'u', 'k', 'a'))
  if not u then return false end
  return { u, k or '', a or '' }
end, { 'no-writes' })`,
)
