-- A mux (see momento.curl) without a network: what ends, and when, is the spec's to say.

local ScriptedMux = {}
ScriptedMux.__index = ScriptedMux

function ScriptedMux.new()
  return setmetatable({
    submitted = {}, -- { kind, target, body, content_type, timeout } by ticket
    cancelled = {}, -- tickets
    steps = 0,
    unsent = {}, -- tickets that have not been written yet
    ended_ = {},
    on_step = nil, -- called in each step
  }, ScriptedMux)
end

function ScriptedMux:submit(...)
  local ticket = #self.submitted + 1
  self.submitted[ticket] = { ... }
  return ticket
end

--- Ends a request: its result is collected after the next step.
function ScriptedMux:finish(ticket, ...)
  table.insert(self.ended_, { n = select("#", ...), ticket, ... })
end

function ScriptedMux:step(seconds)
  assert(not self.closed, "the mux is closed")
  self.steps = self.steps + 1
  if self.on_step then
    local _, message = self.on_step(seconds)
    if message then return nil, message end
  end
  return #self.ended_ > 0
end

function ScriptedMux:collect()
  assert(not self.closed, "the mux is closed")
  local ended = table.remove(self.ended_, 1)
  if not ended then return nil end
  return (table.unpack or unpack)(ended, 1, ended.n + 1)
end

function ScriptedMux:cancel(ticket)
  assert(not self.closed, "the mux is closed")
  table.insert(self.cancelled, ticket)
  return true
end

function ScriptedMux:sent(ticket)
  return not self.unsent[ticket]
end

function ScriptedMux:pending()
  return #self.submitted - #self.cancelled
end

function ScriptedMux.pollfd() end

function ScriptedMux:alarm(seconds)
  self.alarm_in = seconds
end

function ScriptedMux:close()
  self.closed = true
end

return ScriptedMux
