-- busted's output handler of this project: a line for the spec file, each failure in full when it
-- happens, and for tools/busted.sh files: $RESULTS.tally ("passed failed skipped") at the end,
-- $RESULTS.failures, and for the case that a test takes all down $RESULTS.current: the tally so far
-- and the name of the running test.

local busted = require "busted"
local base = require "busted.outputHandlers.base"
local socket = require "socket"

local results = os.getenv "RESULTS"
local lua = type(jit) == "table" and "LuaJIT" or _VERSION -- luacheck: globals jit

local SLOW = 5 -- seconds: a test that takes longer is named

local function save(suffix, text, mode)
  if not results then return end
  local file = assert(io.open(results .. suffix, mode or "w"))
  file:write(text)
  file:close()
end

local function describe(failure)
  local trace = failure.element.trace or failure.trace or {}
  local message = failure.message
  if type(message) ~= "string" then message = require("pl.pretty").write(message) end
  local lines = {
    ("== %s: %s"):format(lua, failure.name),
    ("   %s:%s"):format(trace.short_src or "?", trace.currentline or "?"),
    message,
  }
  if failure.trace and failure.trace.traceback then
    lines[#lines + 1] = failure.trace.traceback
  end
  return table.concat(lines, "\n") .. "\n"
end

return function()
  local handler = base()
  save(".failures", "")
  local started, before, test_started

  local function counts()
    return handler.successesCount, handler.failuresCount + handler.errorsCount,
      handler.pendingsCount
  end

  local function tally()
    return ("%d %d %d"):format(counts())
  end

  local told = { failures = 0, errors = 0 }

  local function tell_failures()
    for kind, count in pairs(told) do
      for i = count + 1, #handler[kind] do
        local text = describe(handler[kind][i])
        save(".failures", text, "a")
        io.write(text)
      end
      told[kind] = #handler[kind]
    end
    io.flush()
  end

  function handler.file_start(file)
    started, before = socket.gettime(), { counts() }
    save(".current", tally() .. " " .. file.name .. "\n")
    return nil, true
  end

  function handler.file_end(file)
    tell_failures()
    local passed, failed, skipped = counts()
    local line = ("%-52s %4d passed"):format(file.name, passed - before[1])
    if failed > before[2] then line = line .. (", %d FAILED"):format(failed - before[2]) end
    if skipped > before[3] then line = line .. (", %d skipped"):format(skipped - before[3]) end
    io.write(line, (" (%.2f s)\n"):format(socket.gettime() - started))
    io.flush()
    return nil, true
  end

  function handler.test_start(element)
    test_started = socket.gettime()
    save(".current", tally() .. " " .. handler.getFullName(element) .. "\n")
    return nil, true
  end

  function handler.test_end(element)
    tell_failures()
    local seconds = socket.gettime() - test_started
    if seconds > SLOW then
      io.write(("  %.1f s: %s\n"):format(seconds, handler.getFullName(element)))
    end
    return nil, true
  end

  function handler.suite_end()
    tell_failures()
    save(".tally", tally() .. "\n")
    return nil, true
  end

  busted.subscribe({ "file", "start" }, handler.file_start)
  busted.subscribe({ "file", "end" }, handler.file_end)
  busted.subscribe({ "test", "start" }, handler.test_start)
  busted.subscribe({ "test", "end" }, handler.test_end)
  busted.subscribe({ "suite", "end" }, handler.suite_end)
  return handler
end
