/** Lua: `millis()`, the time of this Redis in milliseconds since 1970. */
export const TIME = `
local function millis()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end`
