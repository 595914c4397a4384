/**
 * What makes a repeated publish known: dedupe records, in two buckets that are emptied in turn. A producer has the number it
 * used last, and fields `q<chunk>` with positions of the latest ones; a key has its position.
 */
export const LOG_RECORDS = String.raw`
-- Positions of a producer are kept eight to a field, so that a publish writes little: 64 of them take up to nine fields.
local CHUNK, CHUNKS, POSITIONS = 8, 9, 64

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
`
