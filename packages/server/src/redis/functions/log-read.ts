/**
 * Reads a log, and changes nothing: what is known of it, and some messages. What that means for a position is judged by
 * the node, with the code that judges logs in memory.
 *
 * Keys: meta, log, two buckets. Arguments: where (`none`, `from` an offset, the `last` so many, `before` an offset), the
 * number that belongs to it, how many at most. Answers nothing when there is no log.
 */
export const LOG_READ = String.raw`
register('read', function(keys, args)
  local date = millis()
  incarnation(date)
  local state = open(keys[1])
  if not state or not isWhole(keys) then return {} end
  local age = retentionOf(state.retention).age
  if date - state.since >= age then
    state.first = oldest(keys[2], state.first, state.top, function(at) return date - at < age end)
  end
  local answer = {
    state.log, state.generation, state.top, state.first, redis.call('HGET', keys[1], 'l') or '',
  }
  local where, n, limit = args[1], tonumber(args[2]), tonumber(args[3])
  local from, to = state.first, state.top
  if where == 'from' then from = math.max(n, from)
  elseif where == 'last' then from = math.max(from, to - n + 1)
  elseif where == 'before' then
    to = math.min(n - 1, to)
    from = math.max(from, to - limit + 1)
  end
  if where == 'none' or from > to or limit < 1 then return answer end
  for i, entry in ipairs(redis.call('XRANGE', keys[2], int(from), int(to), 'COUNT', int(limit))) do
    local fields = entry[2]
    answer[3 + 3 * i], answer[4 + 3 * i], answer[5 + 3 * i] = entry[1], fields[2], fields[4]
  end
  return answer
end, { 'no-writes' })
`
