/**
 * Lua: `nameOf(random, now)`, a name that nobody else gives. A call that is repeated comes with the same random text, and may
 * have run before: in a history that is lost, or on keys that are gone. So the name is made of the history and the time
 * as well. 26 letters, digits, `-` and `_`; needs `incarnation`.
 */
export const NAMES = `
local LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
local function nameOf(random, now)
  local hash, name = redis.sha1hex(random .. ' ' .. incarnation(now) .. ' ' .. now), ''
  -- Three digits of sixteen are two of 64.
  for at = 1, 37, 3 do
    local n = tonumber(string.sub(hash, at, at + 2), 16)
    local high, low = math.floor(n / 64) + 1, n % 64 + 1
    name = name .. string.sub(LETTERS, high, high) .. string.sub(LETTERS, low, low)
  end
  return name
end`
