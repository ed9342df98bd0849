--- Whether the running coroutine can be suspended here. A coroutine cannot yield through a C
--- function that is not made for it, nor, on PUC Lua 5.1, through pcall, a generic `for` or a
--- metamethod. Asked before anything is sent, so that a wait which cannot be is an error that says
--- what to do, and leaves nothing behind.

local yieldable = {}

local MESSAGE = "cannot wait here: the coroutine cannot yield from this place;"
  .. " call subscription:receive() (or publish) straight from the coroutine's own code,"
  .. " not inside pcall, a for iterator or a metamethod on Lua 5.1,"
  .. " and not inside a callback of a C function (table.sort, string.gsub) on any Lua"

--- PUC Lua 5.1 yields through nothing but Lua functions called by Lua code.
yieldable.only_through_lua = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- The C functions that a yield gets through, where the running Lua cannot be asked.
local through = {}
if _VERSION == "Lua 5.2" then through = { [pcall] = true, [xpcall] = true } end

local getinfo = debug and debug.getinfo

-- Whether no other C function is between here and the coroutine's start.
local function only_lua_below()
  local level = 2
  local info = getinfo and getinfo(level, "Sf")
  while info do
    if info.what == "C" and not through[info.func] then return false end
    level = level + 1
    info = getinfo(level, "Sf")
  end
  return true
end

--- Whether the running coroutine can yield. Not for the main program.
yieldable.possible = coroutine.isyieldable or only_lua_below

--- Raises: this is not a place to wait in.
function yieldable.refuse()
  error(MESSAGE, 0)
end

return yieldable
