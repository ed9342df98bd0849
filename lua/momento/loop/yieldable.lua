--- Whether the running coroutine can be suspended here. A coroutine cannot yield through a C
--- function that is not made for it, nor, on PUC Lua 5.1, through pcall, a generic `for` or a
--- metamethod. Asked before anything is sent, so that a wait which cannot be is an error that says
--- what to do, and leaves nothing behind.

local yieldable = {}

local MESSAGE = "cannot wait here: the coroutine cannot yield from this place;"
  .. " call subscription:receive() (or publish) straight from the coroutine's own code,"
  .. " not inside pcall, a for iterator or a metamethod on Lua 5.1,"
  .. " and not inside a callback of a C function (table.sort, string.gsub) on any Lua"

--- PUC Lua 5.1 resumes a coroutine only into Lua functions called by Lua functions.
yieldable.only_through_lua = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local isyieldable = coroutine.isyieldable
local getinfo = debug and debug.getinfo

-- On 5.1 any C function between here and the coroutine's start is in the way.
local function c_function_below()
  local level = 3
  local info = getinfo(level, "S")
  while info do
    if info.what == "C" then return true end
    level = level + 1
    info = getinfo(level, "S")
  end
  return false
end

if yieldable.only_through_lua and getinfo then
  --- Raises unless the running coroutine can yield. Not for the main program.
  function yieldable.check()
    if c_function_below() then error(MESSAGE, 0) end
  end
elseif isyieldable then
  function yieldable.check()
    if not isyieldable() then error(MESSAGE, 0) end
  end
else
  function yieldable.check() end -- Lua 5.2 has no way to ask; it raises an error of its own
end

--- Raises: for what knows by itself that it cannot wait where it is.
function yieldable.refuse()
  error(MESSAGE, 0)
end

return yieldable
