/**
 * The log of a channel, as all of its functions see it. Four keys that are made, renewed and given up together:
 *
 * - meta, a hash: `v` numbers that change with each message, `e` log and `g` generation of the epoch, `i` the
 *   replication history it was made in, `l` ended generations, `r` retention
 * - log, a stream: id `<offset>-0`, field `a` holds time and the bytes of all messages before it, `d` header and data
 * - two buckets of dedupe records, hashes, with a mark that is always there
 */
export const LOG_STATE = String.raw`
local function int(n)
  return string.format('%d', n)
end

-- What is known of a log, or nil.
local function open(meta)
  local kept = redis.call('HMGET', meta, 'v', 'e', 'g', 'i', 'r')
  if not (kept[1] and kept[2] and kept[3] and kept[4] and kept[5]) then return nil end
  local top, first, at, bytes, before, since, period, expires = cmsgpack.unpack(kept[1])
  return {
    log = kept[2], generation = kept[3], incarnation = kept[4], retention = kept[5],
    -- Offset of the latest message, and of the oldest one that is kept.
    top = top, first = first,
    -- Time of the latest message, and the bytes of all messages there ever were.
    at = at, bytes = bytes,
    -- Bytes before the oldest message and its time, as they were when last looked at: at most what they are now.
    before = before, since = since,
    -- Number of the dedupe period, and when the keys expire.
    period = period, expires = expires,
  }
end

-- Whether all keys of a log are there. One that went alone, by eviction or by hand, takes the others with it: what it
-- held cannot be told from what never was.
local function isWhole(keys)
  return redis.call('EXISTS', keys[2], keys[3], keys[4]) == 3
end

local function numbers(state)
  return cmsgpack.pack(state.top, state.first, state.at, state.bytes, state.before, state.since, state.period,
    state.expires)
end

local function epochOf(state)
  return state.log .. '.' .. state.generation
end

-- Retentions by their text: there are as many as declarations.
local retentions, known = {}, 0
local function retentionOf(text)
  local found = retentions[text]
  if found then return found end
  if known == 256 then retentions, known = {}, 0 end
  local messages, age, bytes, ttl = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$')
  found = { messages = tonumber(messages), age = tonumber(age), bytes = tonumber(bytes), ttl = tonumber(ttl) }
  retentions[text], known = found, known + 1
  return found
end

-- Time of a message, and the bytes of all before it.
local function entryOf(log, offset)
  local id = int(offset)
  local found = redis.call('XRANGE', log, id, id)[1]
  -- One that was taken out by hand counts as too old.
  if not found then return 0, 0 end
  local at, before = string.match(found[2][2], '^(%d+) (%d+)$')
  return tonumber(at), tonumber(before)
end

-- The oldest message that may stay, from "first" on; top + 1 when none may. Times and bytes only rise in a log.
local function oldest(log, first, top, mayStay)
  local low, high, step = first, first, 1
  while high <= top and not mayStay(entryOf(log, high)) do
    low, high, step = high + 1, high + step, step * 2
  end
  high = math.min(high, top + 1)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if mayStay(entryOf(log, middle)) then high = middle else low = middle + 1 end
  end
  return low
end

-- When keys expire that were used just now: up to a sixteenth late, so that it need not be written every time.
local function expiryOf(state, date, ttl)
  local least = date + ttl
  local most = least + math.floor(ttl / 16)
  if state.expires >= least and state.expires <= most then return state.expires end
  return most
end

local function expire(keys, from, at)
  for i = from, from + 3 do redis.call('PEXPIREAT', keys[i], int(at)) end
end
`
