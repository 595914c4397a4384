/**
 * Ends of logs, and a longer life for those that somebody listens to.
 *
 * `heads`: keys are metas of one partition; answers four numbers for each: epoch (empty when there is no log), offset,
 * time to live, and the time to live that its retention asks for.
 * `touch`: keys are those of logs, four for each; none of them expires before that time.
 */
export const LOG_HEADS = String.raw`
register('heads', function(keys)
  local date, heads = millis(), {}
  incarnation(date)
  for i, meta in ipairs(keys) do
    local state = open(meta)
    local at = 4 * (i - 1)
    if state then
      heads[at + 1], heads[at + 2] = epochOf(state), state.top
      heads[at + 3], heads[at + 4] = state.expires - date, retentionOf(state.retention).ttl
    else
      heads[at + 1], heads[at + 2], heads[at + 3], heads[at + 4] = '', 0, 0, 0
    end
  end
  return heads
end, { 'no-writes' })

register('touch', function(keys)
  local date, touched = millis(), 0
  for i = 1, #keys, 4 do
    local state = open(keys[i])
    if state then
      state.expires = expiryOf(state, date, retentionOf(state.retention).ttl)
      redis.call('HSET', keys[i], 'v', numbers(state))
      expire(keys, i, state.expires)
      touched = touched + 1
    end
  end
  return touched
end)
`
