-- A mux in a process of its own, for what needs one: mux_child.lua WHAT ORIGIN. Signals, and slow
-- look-ups (spec/support/slow_lookup.c).

local curl = require "momento.curl"

local unpack = table.unpack or unpack

local what, origin = arg[1], arg[2]
local mux = curl.mux { origin = origin }
local ticket = assert(mux:submit("publish", "/t", "x", nil, what == "timeout" and 1 or 60))

local function report(...)
  io.write(table.concat({ ... }, " "), "\n")
  io.flush()
end

local function report_time(start)
  report(("took %.3f"):format(math.max(curl.now() - start, 0)))
end

-- Steps for so many seconds, for the look-up to begin.
local function step_for(seconds)
  local start = curl.now()
  repeat mux:step(0.1) until curl.now() - start >= seconds
  assert(mux:pending() == 1 and not mux:sent(ticket), "the look-up is over")
end

local actions = {}

function actions.wait()
  report "waiting"
  local ok, problem
  repeat ok, problem = mux:step() until ok == nil
  report("step", tostring(ok), problem)
end

function actions.forever()
  report "waiting"
  while true do mux:step() end
end

function actions.cancel()
  step_for(0.2)
  local start = curl.now()
  assert(mux:cancel(ticket))
  report_time(start)
  assert(mux:pending() == 0)
end

function actions.close()
  step_for(0.2)
  local start = curl.now()
  mux:close()
  report_time(start)
end

function actions.timeout()
  local start = curl.now()
  mux:step()
  local _, _, _, code = mux:collect()
  report_time(start + 1)
  assert(code == "TIMEOUT_ERROR", code)
end

function actions.fail()
  mux:step()
  local _, _, message, code, detail = mux:collect()
  report(message)
  report(code, "retryable", tostring(detail.retryable), "unsent", tostring(detail.unsent))
end

-- For spec/support/unload.c, which closes the state.
function actions.leave()
  step_for(0.2)
end

-- More polls than descriptors, and what still works once they are gone.
function actions.exhaust()
  local polls = {}
  for i = 1, 60 do polls[i] = mux:submit("poll", "/t", nil, nil, 60) end
  local result
  repeat
    mux:step()
    result = { mux:collect() }
  until result[4]
  local message, code, detail = unpack(result, 3)
  report(message)
  report(code, "retryable", tostring(detail.retryable), "unsent", tostring(detail.unsent))
  for _, poll in ipairs(polls) do mux:cancel(poll) end
  mux:cancel(ticket)
  ticket = mux:submit("poll", "/t", nil, nil, 60)
  while not mux:sent(ticket) do mux:step() end
  report "sent"
end

actions[what]()
if what ~= "leave" then os.exit(0) end -- without closing the state: a look-up may still run
