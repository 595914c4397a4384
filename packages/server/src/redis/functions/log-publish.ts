/**
 * Appends a message to a log and hands it on, or says why not. One step: the first write is the append, the last one
 * hands it on.
 *
 * Keys: meta, log, two buckets. Arguments: topic, publish command, id, message (header, line break, data), bytes of the
 * data, retention, dedupe period, 16 random characters, epoch asked for; then, if there is a number or a key: `p` and the
 * producer, its number and its lowest one, or three empty ones; `k` and the key, or an empty one.
 */
export const LOG_PUBLISH = String.raw`
local STORED, OUT_OF_ORDER, FORGOTTEN = 1, 2, 3
-- Positions of a producer are kept eight to a field, so that a publish writes little: 64 of them take up to nine fields.
local CHUNK, CHUNKS, POSITIONS = 8, 9, 64
local GENERATIONS = 16

-- A log that begins.
local function begin(keys, random, served, date, period)
  redis.call('UNLINK', unpack(keys))
  return {
    isNew = true, log = random:sub(1, 10), generation = random:sub(11, 16), incarnation = served, retention = '',
    top = 0, first = 1, at = 0, bytes = 0, before = 0, since = date, period = period, expires = 0,
  }
end

local DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
local function base36(n)
  local text = ''
  repeat
    local digit = n % 36
    text = DIGITS:sub(digit + 1, digit + 1) .. text
    n = (n - digit) / 36
  until n == 0
  return text
end

-- Another replication history serves the log: the generation ends here, and the one that begins names its forebears.
-- As lineage.ts does it for a log in memory.
local function rotate(meta, state, id, served)
  local ended = (redis.call('HGET', meta, 'l') or '') .. state.generation:match('^[^~]+') .. ':' .. int(state.top) .. ';'
  local _, count = ended:gsub(';', ';')
  if count > GENERATIONS then ended = ended:gsub('^[^;]*;', '', 1) end
  local forebears = state.generation:match('^[^~]*~[^~]*~[^~]*') or state.generation
  state.generation = id .. '~' .. base36(state.top) .. '~' .. forebears
  state.incarnation, state.ended = served, ended
end

-- What the buckets hold of these fields, the younger bucket first.
local function recall(keys, state, period, fields)
  local age = period - state.period
  local buckets = {}
  if age == 0 then buckets[1] = keys[3 + period % 2] end
  if age <= 1 then buckets[#buckets + 1] = keys[3 + (period + 1) % 2] end
  local found, older = {}, {}
  for i, bucket in ipairs(buckets) do
    for j, value in ipairs(redis.call('HMGET', bucket, unpack(fields))) do
      if value and not found[j] then
        found[j] = value
        -- What is in use lives for another period.
        if i == 2 or age == 1 then older[#older + 1], older[#older + 2] = fields[j], value end
      end
    end
    local complete = true
    for j = 1, #fields do complete = complete and found[j] end
    if complete then break end
  end
  return found, older
end

-- Where a number was stored, from a chunk of positions.
local function storedAt(chunk, seq)
  local fields = { cmsgpack.unpack(chunk) }
  for i = 1, #fields, 3 do
    if fields[i] == seq then return fields[i + 1], fields[i + 2] end
  end
end

-- A chunk with one more position: of another stretch of numbers it is begun anew.
local function withPosition(chunk, seq, offset, id)
  local position = cmsgpack.pack(seq, offset, id)
  if not chunk then return position end
  local _, first = cmsgpack.unpack_one(chunk)
  if math.floor(first / CHUNK) ~= math.floor(seq / CHUNK) then return position end
  return chunk .. position
end

-- The answer for what is stored; "id" when it was stored as another one. Whoever asks for an epoch that is over is told of
-- the ends that are known.
local function stored(keys, state, epoch, offset, id, asked)
  if asked == '' or asked == epoch then return { STORED, epoch, offset, id } end
  return { STORED, epoch, offset, id or '', state.top, state.ended or redis.call('HGET', keys[1], 'l') or '' }
end

-- The bucket of a period, emptied of what it held two periods ago.
local function turn(keys, state, period)
  local age = period - state.period
  if age > 0 then
    for i = 0, math.min(age, 2) - 1 do
      local bucket = keys[3 + (period + i) % 2]
      redis.call('UNLINK', bucket)
      redis.call('HSET', bucket, '#', 1)
      redis.call('PEXPIREAT', bucket, int(state.expires))
    end
    state.period = period
  end
  return keys[3 + period % 2]
end

-- Writes records without a message.
local function note(keys, state, period, records)
  if #records == 0 then return end
  local before = state.period
  redis.call('HSET', turn(keys, state, period), unpack(records))
  if state.period ~= before then redis.call('HSET', keys[1], 'v', numbers(state)) end
end

-- Appends, and trims what may not stay. Offset, or nothing and an error.
local function append(log, state, keep, date, message, size)
  local offset, before = state.top + 1, state.bytes
  local at, bytes = math.max(date, state.at), state.bytes + size
  local first = math.max(state.first, offset - keep.messages + 1)
  if bytes - state.before > keep.bytes or date - state.since >= keep.age then
    first = oldest(log, first, state.top, function(time, bytesBefore)
      return date - time < keep.age and bytes - bytesBefore <= keep.bytes
    end)
    if first == offset then
      state.since, state.before = at, before
    else
      state.since, state.before = entryOf(log, first)
    end
    if size > keep.bytes then first = offset + 1 end
  end
  local id, field = int(offset) .. '-0', int(at) .. ' ' .. int(before)
  local added
  if first > state.first then
    added = redis.pcall('XADD', log, 'MINID', '=', first, id, 'a', field, 'd', message)
  else
    added = redis.pcall('XADD', log, id, 'a', field, 'd', message)
  end
  if type(added) == 'table' and added.err then return nil, added end
  state.top, state.first, state.at, state.bytes = offset, first, at, bytes
  return offset
end

register('publish', function(keys, args)
  local topic, command, id, message, size = args[1], args[2], args[3], args[4], tonumber(args[5])
  local retention, dedupe, random, asked = args[6], tonumber(args[7]), args[8], args[9]
  local producer, seq, lowest, key = args[10], tonumber(args[11]), tonumber(args[12]), args[13]
  local meta, log = keys[1], keys[2]

  local date = millis()
  local state = open(meta)
  if state and not isWhole(keys) then state = nil end
  -- A clock that was set back must not bring records back that are forgotten, nor forget others.
  local period = math.max(math.floor(date / dedupe), state and state.period or 0)

  local isNumbered, isKeyed = producer and producer ~= '', key and key ~= ''
  local chunkField = isNumbered and 'q' .. math.floor(seq / CHUNK) % CHUNKS .. producer or '#'
  local chunk
  if isNumbered or isKeyed then
    local found, older = {}, {}
    if state then found, older = recall(keys, state, period, { isNumbered and producer or '#', chunkField, isKeyed and key or '#' }) end
    local verdict = 'next'
    local expected
    if isNumbered then
      local last = tonumber(found[1]) or 0
      chunk = found[2]
      expected = math.max(last + 1, lowest)
      if seq <= last then
        note(keys, state, period, older)
        local offset, first = nil, nil
        if chunk and seq > last - POSITIONS then offset, first = storedAt(chunk, seq) end
        if offset then return stored(keys, state, epochOf(state), offset, first, asked) end
        return { FORGOTTEN, expected }
      end
      if seq ~= expected then verdict = 'out of order' end
    end
    if isKeyed and found[3] then
      local offset, first = cmsgpack.unpack(found[3])
      if isNumbered and verdict == 'next' then
        older = { key, found[3], producer, int(seq), chunkField, withPosition(chunk, seq, offset, first) }
      end
      note(keys, state, period, older)
      return stored(keys, state, epochOf(state), offset, first, asked)
    end
    if verdict ~= 'next' then return { OUT_OF_ORDER, expected } end
  end

  local served = incarnation(date)
  if not state then
    state = begin(keys, random, served, date, period)
  elseif state.incarnation ~= served then
    rotate(meta, state, random:sub(11, 16), served)
  end
  local keep = retentionOf(retention)

  local offset, failure = append(log, state, keep, date, message, size)
  -- A log that reaches further than its meta knows is no log of ours any more.
  if not offset and not state.isNew and failure.err:find('equal or smaller', 1, true) then
    state = begin(keys, random, served, date, period)
    chunk = nil
    offset, failure = append(log, state, keep, date, message, size)
  end
  if not offset then return failure end

  if state.isNew then
    redis.call('HSET', keys[3], '#', 1)
    redis.call('HSET', keys[4], '#', 1)
  end
  local expires = expiryOf(state, date, keep.ttl)
  local isRenewed = expires ~= state.expires
  state.expires = expires
  local bucket = turn(keys, state, period)
  if isNumbered or isKeyed then
    local records = {}
    if isNumbered then records = { producer, int(seq), chunkField, withPosition(chunk, seq, offset, id) } end
    if isKeyed then records[#records + 1], records[#records + 2] = key, cmsgpack.pack(offset, id) end
    redis.call('HSET', bucket, unpack(records))
  end
  if state.isNew then
    redis.call('HSET', meta, 'v', numbers(state), 'r', retention, 'e', state.log, 'g', state.generation, 'i', served)
  elseif state.ended then
    redis.call('HSET', meta, 'v', numbers(state), 'r', retention, 'g', state.generation, 'i', served, 'l', state.ended)
  elseif state.retention ~= retention then
    redis.call('HSET', meta, 'v', numbers(state), 'r', retention)
  else
    redis.call('HSET', meta, 'v', numbers(state))
  end
  if isRenewed then expire(keys, 1, expires) end
  local epoch = epochOf(state)
  local answer = stored(keys, state, epoch, offset, nil, asked)
  redis.call(command, topic, '1 ' .. epoch .. ' ' .. int(offset) .. ' ' .. int(state.at) .. '\n' .. message)
  return answer
end)
`
