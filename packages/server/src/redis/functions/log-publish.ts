/**
 * Appends messages to a log and hands them on, or says why not. One step: the first write is an append, the last one
 * hands on all that were appended, in one text.
 *
 * Keys: meta, log, two buckets. Arguments: topic, publish command, retention, dedupe period, random characters, and how
 * many arguments each message has, which follow: the message (header, line break, data), bytes of the data, epoch asked
 * for; then, if any of them has a number or a key: its id; `p` and the producer, its number and its lowest one, or three
 * empty ones; `k` and the key, or an empty one.
 *
 * Answers what became of each, in order; only of those before one that the log does not take.
 */
export const LOG_PUBLISH = String.raw`
local STORED, OUT_OF_ORDER, FORGOTTEN = 1, 2, 3
local GENERATIONS = 16

-- A log that begins.
local function begin(keys, random, served, date, period)
  redis.call('UNLINK', unpack(keys))
  local name = nameOf(random, date)
  return {
    isNew = true, log = name:sub(1, 10), generation = name:sub(11, 16), incarnation = served, retention = '',
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

-- The answer for what is stored; "id" when it was stored as another one. Whoever asks for an epoch that is over is told of
-- the ends that are known.
local function stored(keys, state, epoch, offset, id, asked)
  if asked == '' or asked == epoch then return { STORED, epoch, offset, id } end
  return { STORED, epoch, offset, id or '', state.top, state.ended or redis.call('HGET', keys[1], 'l') or '' }
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

-- What ends in _ is of the call that runs: there is one at a time, and a table for each would cost more than what is in it.
local keys_, state_, date_, period_, random_, keep_
-- Once it writes: the history that serves, what was appended from where on, and where its records go.
local served_, added_, epoch_, from_, bucket_, isRenewed_

-- Makes a log ready for what is appended. Once in a call: nothing before this writes.
local function ready()
  local keys, state, served = keys_, state_, incarnation(date_)
  if not state then
    state_ = begin(keys, random_, served, date_, period_)
  elseif state.incarnation ~= served then
    rotate(keys[1], state, nameOf(random_, date_):sub(11, 16), served)
  end
  served_ = served
end

-- Appends a message and has it handed on. Offset, or nothing and an error.
local function add(message, size)
  if not served_ then ready() end
  local isFirst = #added_ == 0
  local offset, failure = append(keys_[2], state_, keep_, date_, message, size)
  -- A log that reaches further than its meta knows is no log of ours any more.
  if not offset and isFirst and not state_.isNew and failure.err:find('equal or smaller', 1, true) then
    state_ = begin(keys_, random_, served_, date_, period_)
    offset, failure = append(keys_[2], state_, keep_, date_, message, size)
  end
  if not offset then return nil, failure end
  if isFirst then
    local state = state_
    if state.isNew then
      redis.call('HSET', keys_[3], '#', 1)
      redis.call('HSET', keys_[4], '#', 1)
    end
    local expires = expiryOf(state, date_, keep_.ttl)
    isRenewed_ = expires ~= state.expires
    state.expires = expires
    bucket_ = turn(keys_, state, period_)
    epoch_, from_ = epochOf(state), offset
  end
  added_[#added_ + 1] = message
  return offset
end

-- A message that has a number or a key, or both, and may be known.
local function addOnce(message, size, asked, id, producer, seq, lowest, key)
  local keys, state, period = keys_, state_, period_
  local isNumbered, isKeyed = producer ~= '', key ~= ''
  local chunkField = isNumbered and 'q' .. math.floor(seq / CHUNK) % CHUNKS .. producer or '#'
  local found, older = {}, {}
  if state then found, older = recall(keys, state, period, { isNumbered and producer or '#', chunkField, isKeyed and key or '#' }) end
  local chunk = found[2]
  local verdict = 'next'
  local expected
  if isNumbered then
    local last = tonumber(found[1]) or 0
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

  local offset, failure = add(message, size)
  if not offset then return nil, failure end
  -- What was known of a log that had to begin anew is known no more.
  if state_ ~= state then chunk = nil end
  local records = {}
  if isNumbered then records = { producer, int(seq), chunkField, withPosition(chunk, seq, offset, id) } end
  if isKeyed then records[#records + 1], records[#records + 2] = key, cmsgpack.pack(offset, id) end
  redis.call('HSET', bucket_, unpack(records))
  return stored(keys, state_, epoch_, offset, nil, asked)
end

-- Writes down what a log has become, and hands on what was added to it.
local function finish(topic, command, retention)
  local meta, state, added = keys_[1], state_, added_
  if state.isNew then
    redis.call('HSET', meta, 'v', numbers(state), 'r', retention, 'e', state.log, 'g', state.generation, 'i', served_)
  elseif state.ended then
    redis.call('HSET', meta, 'v', numbers(state), 'r', retention, 'g', state.generation, 'i', served_, 'l', state.ended)
  elseif state.retention ~= retention then
    redis.call('HSET', meta, 'v', numbers(state), 'r', retention)
  else
    redis.call('HSET', meta, 'v', numbers(state))
  end
  if isRenewed_ then expire(keys_, 1, state.expires) end
  local kind, messages = '1 ', added[1]
  -- The separator of JSON texts in sequence, which no JSON text holds.
  if #added > 1 then kind, messages = '2 ', table.concat(added, '\30') end
  redis.call(command, topic, kind .. epoch_ .. ' ' .. int(from_) .. ' ' .. int(state.at) .. '\n' .. messages)
end

register('publish', function(keys, args)
  local date, dedupe = millis(), tonumber(args[4])
  local state = open(keys[1])
  if state and not isWhole(keys) then state = nil end
  -- A clock that was set back must not bring records back that are forgotten, nor forget others.
  local period = math.max(math.floor(date / dedupe), state and state.period or 0)
  keys_, state_, date_, period_ = keys, state, date, period
  random_, keep_, added_, served_ = args[5], retentionOf(args[3]), {}, nil

  local answers, each = {}, tonumber(args[6])
  for i = 7, #args, each do
    local message, size, asked = args[i], tonumber(args[i + 1]), args[i + 2]
    local answer, failure
    if each == 3 then
      local offset
      offset, failure = add(message, size)
      answer = offset and stored(keys, state_, epoch_, offset, nil, asked)
    else
      local id, producer, seq, lowest, key = unpack(args, i + 3, i + 7)
      answer, failure = addOnce(message, size, asked, id, producer, tonumber(seq), tonumber(lowest), key)
    end
    if not answer then
      if #answers == 0 then return failure end
      break
    end
    answers[#answers + 1] = answer
  end
  if #added_ > 0 then finish(args[1], args[2], args[3]) end
  return answers
end)
`
