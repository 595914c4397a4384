import { functionLibrary } from '../functions.js'

/** What the line itself asks of Redis. */
export const LINE = functionLibrary(
  'line',
  `
local function layoutOf(key)
  local stored = redis.call('HMGET', key, 'version', 'partitions', 'publish')
  return stored[1] and stored
end

-- The layout that a Redis was first used with: nobody may use it with another. Nothing where it was not used yet.
register('layout', function(keys) return layoutOf(keys[1]) end, { 'no-writes' })

-- The same; where it was not used yet, it is from now on.
register('settle', function(keys, args)
  local stored = layoutOf(keys[1])
  if stored then return stored end
  redis.call('HSET', keys[1], 'version', args[1], 'partitions', args[2], 'publish', args[3])
  return { args[1], args[2], args[3] }
end)

-- Which of these commands, the keys and the topics are denied to this user. The first command is the one that publishes.
register('denied', function(keys, args)
  local denied = {}
  for i = 1, #args do
    local known, allowed = pcall(redis.acl_check_cmd, args[i])
    if known and not allowed then denied[#denied + 1] = args[i] end
  end
  if not redis.acl_check_cmd('hset', keys[1], 'f', 'v') then denied[#denied + 1] = '~' end
  if not redis.acl_check_cmd(args[1], keys[1], '') then denied[#denied + 1] = '&' end
  return denied
end, { 'no-writes' })

-- The way of a publication: a function, its rights, and the topics of this master. A full Redis still hears.
redis.register_function{
  function_name = NAME .. '_probe',
  callback = function(keys, args) return redis.call(args[1], keys[1], args[2]) end,
  flags = { 'allow-oom' },
}
`,
)
