-- busted's helper: after each spec file, whatever it started is stopped, even when it failed, and a
-- process that survives that is an error of the file.

local busted = require "busted"
local process = require "spec.support.process"

-- busted forgets between two files what the first has loaded. These crash when they are loaded a
-- second time in a process, so they are loaded before the first file, where they are there at all.
for _, name in ipairs { "luv", "cqueues", "cqueues.condition" } do pcall(require, name) end

busted.subscribe({ "file", "end" }, function(file)
  local survivors = process.stop_all()
  if #survivors > 0 then
    busted.publish({ "error", "file" }, file, busted.context.parent(file),
      "left running: " .. table.concat(survivors, ", "), {})
  end
  return nil, true
end, { priority = 1 })
