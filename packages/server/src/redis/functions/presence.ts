import { functionLibrary } from '../functions.js'
import { INCARNATION } from './incarnation.js'
import { NAMES } from './names.js'
import { TIME } from './time.js'

/**
 * Who is present in a channel. Two keys that are made and end together, since a slot that moves answers TRYAGAIN while
 * one of them is missing:
 *
 *     hash        e epoch · i history it belongs to · v latest offset · c how many members
 *                 m<session> a member: `<owner> <number> <node>\n<user as JSON>[\n<payload>]`
 *                 d<session> who left a moment ago: `<owner> <number>`
 *     sorted set  the same fields `m…` and `d…` by the end of their time, and a mark that never ends
 *
 * A Redis that is full lets nobody enter; who is there stays, and can leave.
 */
export const PRESENCE = functionLibrary(
  'presence',
  TIME,
  INCARNATION,
  NAMES,
  `
-- Keys that nobody touches live at least so long, so that who watches an empty channel sees one epoch.
local KEPT = 120000

-- Leaves that are forgotten by the way.
local SOME = 32

local function kept(hash, times, ttl)
  local ms = math.max(KEPT, 2 * ttl)
  if redis.call('PTTL', hash) < ms then redis.call('PEXPIRE', hash, ms) end
  if redis.call('PTTL', times) < ms then redis.call('PEXPIRE', times, ms) end
end

local function epochOf(fresh, date)
  return string.sub(nameOf(fresh, date), 1, #fresh)
end

-- Whether the channel is known; then it is of the history that serves.
local function known(hash, times, fresh, date)
  local epoch, served = unpack(redis.call('HMGET', hash, 'e', 'i'))
  if not epoch or not redis.call('ZSCORE', times, '') then return false end
  local serves = incarnation(date)
  if served ~= serves then redis.call('HSET', hash, 'e', epochOf(fresh, date), 'i', serves) end
  return true
end

local function open(hash, times, fresh, date)
  if known(hash, times, fresh, date) then return end
  redis.call('DEL', hash, times)
  redis.call('HSET', hash, 'e', epochOf(fresh, date), 'i', incarnation(date), 'v', 0, 'c', 0)
  redis.call('ZADD', times, 'inf', '')
end

local function position(hash)
  local epoch, offset = unpack(redis.call('HMGET', hash, 'e', 'v'))
  return { epoch, tonumber(offset) }
end

-- Owner and number of a record, and what follows its first line.
local function parts(record)
  local owner, number, node, body = string.match(record, '^(%d+) (%d+) ?([^\\n]*)\\n?(.*)$')
  return tonumber(owner), tonumber(number), node, body
end

-- Whether something came after this operation already.
local function late(hash, times, session, owner, number, date)
  local record = redis.call('HGET', hash, 'm' .. session)
  if not record then
    record = redis.call('HGET', hash, 'd' .. session)
    local ends = record and redis.call('ZSCORE', times, 'd' .. session)
    if not ends or tonumber(ends) <= date then return false end
  end
  local o, n = parts(record)
  return o > owner or (o == owner and n > number)
end

local function forget(hash, times, field)
  redis.call('HDEL', hash, field)
  redis.call('ZREM', times, field)
end

local function tidy(hash, times, date)
  for _, field in ipairs(redis.call('ZRANGE', times, '-inf', date, 'BYSCORE', 'LIMIT', 0, SOME)) do
    if string.sub(field, 1, 1) == 'd' then forget(hash, times, field) end
  end
end

local function tell(hash, command, topic, kind, session, body)
  local offset = redis.call('HINCRBY', hash, 'v', 1)
  local epoch, count = unpack(redis.call('HMGET', hash, 'e', 'c'))
  local head = '1 ' .. epoch .. ' ' .. offset .. ' ' .. kind .. ' ' .. count
  redis.call(command, topic, head .. '\\n' .. cjson.encode(session) .. '\\n' .. body)
end

local function remove(hash, times, command, topic, session, record)
  local _, _, _, body = parts(record)
  forget(hash, times, 'm' .. session)
  redis.call('HINCRBY', hash, 'c', -1)
  tell(hash, command, topic, 'leave', session, string.match(body, '^[^\\n]*'))
end

-- hash, times | fresh epoch, publish command, topic, ttl, session, owner, number, node, body
-- → epoch, offset; nothing when something came after it already
register('enter', function(keys, args)
  local hash, times = keys[1], keys[2]
  local fresh, command, topic, ttl, session, owner, number, node, body = unpack(args)
  local date = millis()
  open(hash, times, fresh, date)
  if late(hash, times, session, tonumber(owner), tonumber(number), date) then return false end
  tidy(hash, times, date)
  local field = 'm' .. session
  local before = redis.call('HGET', hash, field)
  forget(hash, times, 'd' .. session)
  redis.call('HSET', hash, field, owner .. ' ' .. number .. ' ' .. node .. '\\n' .. body)
  redis.call('ZADD', times, date + ttl, field)
  kept(hash, times, tonumber(ttl))
  if not before then redis.call('HINCRBY', hash, 'c', 1) end
  local _, _, _, shown = parts(before or '0 0')
  if not before or shown ~= body then tell(hash, command, topic, 'join', session, body) end
  return position(hash)
end)

-- hash, times | fresh epoch, publish command, topic, ttl, session, owner, number
-- → epoch, offset; nothing when something came after it already
register('leave', function(keys, args)
  local hash, times = keys[1], keys[2]
  local fresh, command, topic, ttl, session, owner, number = unpack(args)
  local date = millis()
  open(hash, times, fresh, date)
  if late(hash, times, session, tonumber(owner), tonumber(number), date) then return false end
  tidy(hash, times, date)
  local record = redis.call('HGET', hash, 'm' .. session)
  redis.call('HSET', hash, 'd' .. session, owner .. ' ' .. number)
  redis.call('ZADD', times, date + ttl, 'd' .. session)
  kept(hash, times, tonumber(ttl))
  if record then remove(hash, times, command, topic, session, record) end
  return position(hash)
end, { 'allow-oom' })

-- hash, times | limit → epoch, offset, whether another history serves, count, then session and record of each member
register('list', function(keys, args)
  local hash, serves = keys[1], incarnation(millis())
  local epoch, served, offset, count = unpack(redis.call('HMGET', hash, 'e', 'i', 'v', 'c'))
  if not epoch then return { '', 0, 0, 0 } end
  local list = { epoch, tonumber(offset), served == serves and 0 or 1, tonumber(count) }
  if list[4] > tonumber(args[1]) then return list end
  local fields = redis.call('HGETALL', hash)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 1) == 'm' then
      local _, _, _, body = parts(fields[i + 1])
      list[#list + 1] = string.sub(fields[i], 2)
      list[#list + 1] = body
    end
  end
  return list
end, { 'no-writes' })

-- hash and times of each channel | ttl, node, then for each channel: how many, and session and owner of each
-- → number of each member that is not there, counted over all
register('renew', function(keys, args)
  local ttl, node, date = tonumber(args[1]), args[2], millis()
  local missing, at, number = {}, 3, 0
  for i = 1, #keys, 2 do
    local hash, times = keys[i], keys[i + 1]
    local last = at + 2 * args[at]
    while at < last do
      local field, owner = 'm' .. args[at + 1], tonumber(args[at + 2])
      local record = redis.call('HGET', hash, field)
      if not record then
        missing[#missing + 1] = number
      else
        local o, n, of, body = parts(record)
        if o < owner or (o == owner and of ~= node) then
          if o < owner then n = 0 end
          redis.call('HSET', hash, field, args[at + 2] .. ' ' .. string.format('%.0f', n) .. ' ' .. node .. '\\n' .. body)
        end
        if o <= owner then redis.call('ZADD', times, date + ttl, field) end
      end
      at, number = at + 2, number + 1
    end
    at = at + 1
    if redis.call('EXISTS', hash) == 1 then kept(hash, times, ttl) end
  end
  return missing
end, { 'allow-oom' })

-- hash and times of each channel | publish command, most, how many nodes are dead, these, then fresh epoch and topic of each
-- → epoch, offset and whether there is more to reap, of each channel
register('reap', function(keys, args)
  local command, most, date = args[1], tonumber(args[2]), millis()
  local dead, some = {}, tonumber(args[3])
  for i = 1, some do dead[args[3 + i]] = true end
  local heads = {}
  for i = 1, #keys, 2 do
    local hash, times = keys[i], keys[i + 1]
    local fresh, topic = args[3 + some + i], args[4 + some + i]
    local head = { '', 0 }
    local more = 0
    if known(hash, times, fresh, date) then
      local fields
      if some > 0 then
        fields = {}
        local all = redis.call('HGETALL', hash)
        for j = 1, #all, 2 do
          if string.sub(all[j], 1, 1) == 'm' then
            local _, _, node = parts(all[j + 1])
            local ends = redis.call('ZSCORE', times, all[j])
            if dead[node] or not ends or tonumber(ends) <= date then fields[#fields + 1] = all[j] end
          end
        end
      else
        fields = redis.call('ZRANGE', times, '-inf', date, 'BYSCORE', 'LIMIT', 0, most + 1)
      end
      for _, field in ipairs(fields) do
        if most == 0 then
          more = 1
          break
        end
        most = most - 1
        if string.sub(field, 1, 1) == 'm' then
          remove(hash, times, command, topic, string.sub(field, 2), redis.call('HGET', hash, field))
        else
          forget(hash, times, field)
        end
      end
      kept(hash, times, 0)
      head = position(hash)
    end
    heads[#heads + 1] = head[1]
    heads[#heads + 1] = head[2]
    heads[#heads + 1] = more
  end
  return heads
end, { 'allow-oom' })`,
)
