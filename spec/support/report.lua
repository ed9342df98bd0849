-- busted's output handler of this project: a line per spec file while running, each failure in full
-- at the end, and for tools/test.sh two files: $RESULTS.tally ("passed failed skipped") and
-- $RESULTS.failures. $RESULTS.current names the running test, for the case that it takes all down.

local busted = require "busted"
local base = require "busted.outputHandlers.base"
local socket = require "socket"

local results = os.getenv "RESULTS"
local lua = type(jit) == "table" and "LuaJIT" or _VERSION -- luacheck: globals jit

local SLOW = 5 -- seconds: a test that takes longer is named

local function save(suffix, text)
  if not results then return end
  local file = assert(io.open(results .. suffix, "w"))
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
  local started, before, test_started

  local function counts()
    return handler.successesCount, handler.failuresCount + handler.errorsCount,
      handler.pendingsCount
  end

  function handler.file_start(file)
    started, before = socket.gettime(), { counts() }
    save(".current", file.name)
    return nil, true
  end

  function handler.file_end(file)
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
    save(".current", handler.getFullName(element))
    return nil, true
  end

  function handler.test_end(element)
    local seconds = socket.gettime() - test_started
    if seconds > SLOW then
      io.write(("  %.1f s: %s\n"):format(seconds, handler.getFullName(element)))
    end
    return nil, true
  end

  function handler.suite_end()
    local passed, failed, skipped = counts()
    local texts = {}
    for _, list in ipairs { handler.failures, handler.errors } do
      for _, failure in ipairs(list) do texts[#texts + 1] = describe(failure) end
    end
    save(".failures", table.concat(texts))
    save(".tally", ("%d %d %d\n"):format(passed, failed, skipped))
    io.write("\n", table.concat(texts))
    io.write(("%s: %d passed, %d failed"):format(lua, passed, failed))
    io.write(skipped > 0 and (", %d skipped\n"):format(skipped) or "\n")
    return nil, true
  end

  busted.subscribe({ "file", "start" }, handler.file_start)
  busted.subscribe({ "file", "end" }, handler.file_end)
  busted.subscribe({ "test", "start" }, handler.test_start)
  busted.subscribe({ "test", "end" }, handler.test_end)
  busted.subscribe({ "suite", "end" }, handler.suite_end)
  return handler
end
