-- Keeps the collector at work all the time, for `make gc-stress`: read through LUA_INIT by every
-- Lua that starts. An object that C forgot to hold is gone by the next allocation, or nearly.

local EVERY = tonumber(os.getenv "GC_STRESS_EVERY") or 2000 -- instructions between collections

if _VERSION == "Lua 5.4" then
  collectgarbage("generational", 1)
else
  collectgarbage("setpause", 50)
  collectgarbage("setstepmul", 400)
end

-- Coroutines get a hook of their own from the one they are created in.
debug.sethook(function() collectgarbage() end, "", EVERY)
