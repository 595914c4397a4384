import { functionLibrary } from '../functions.js'

/** What the line itself asks of Redis. */
export const LINE = functionLibrary(
  'line',
  `
-- The layout that a Redis was first used with: nobody may use it with another.
register('layout', function(keys, args)
  local stored = redis.call('HMGET', keys[1], 'version', 'partitions', 'publish')
  if stored[1] then return stored end
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
end)

-- The way of a publication: a function, its rights, and the topics of this master. A full Redis still hears.
redis.register_function{
  function_name = NAME .. '_probe',
  callback = function(keys, args) return redis.call(args[1], keys[1], args[2]) end,
  flags = { 'allow-oom' },
}
`,
)
