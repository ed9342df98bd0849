--- The loop of games, loop = "update": client:update(), once a frame, does what there is to do,
--- calls the callbacks on its caller's thread, and never waits. A task reads each subscription;
--- callbacks are called outside of tasks, so that their errors come out of update and end nothing.
--- A message is read only when the one before it has been delivered, so position() is never ahead.
--- Must not know requests or sequences.

local Scheduler = require "momento.loop.scheduler"

local unpack = table.unpack or unpack -- luacheck: ignore 143

local MAX_MESSAGES = 64 -- delivered per update, unless max_messages says otherwise

local Update = {}

--- A scheduler that runs when update is called, with a queue of calls to make.
---@param max_messages integer|nil
function Update.new(max_messages)
  local self = Scheduler.new()
  self.max_messages_ = max_messages or MAX_MESSAGES
  self.name = "update"
  self.never_blocks = true
  self.calls_ = {} -- from first_call_ to last_call_: { f, task, state, n, ... }
  self.first_call_, self.last_call_ = 1, 0 -- as they are when there is none
  for name, method in pairs(Update) do self[name] = method end
  return self
end

-- Has update call f(...), and wake the task if one is given. Dropped when the subscription that has
-- this state is closed by then.
local function post(self, f, task, state, ...)
  self.last_call_ = self.last_call_ + 1
  self.calls_[self.last_call_] = { f, task, state, n = select("#", ...), ... }
end

-- The first function of the task that reads a subscription.
local function read(self, subscription, options, state)
  while true do
    local message, text, code, detail = subscription:receive()
    if message then
      local task = self.running_
      post(self, options.on_message, task, state, message)
      repeat self:suspend(task) until task.called
      task.called = false
    elseif code == "CANCELLED_ERROR" then
      return
    else
      post(self, options.on_error or function()
        error(("subscription: %s (%s)"):format(text, code), 0)
      end, nil, nil, text, code, detail)
      return subscription:close()
    end
  end
end

--- The options of subscribe, with callbacks whose calls wait for update.
function Update:callbacks(options)
  local copy = { resume = options.resume }
  for _, name in ipairs { "on_discontinuity", "on_connection_lost", "on_connection_restored" } do
    local f = options[name]
    copy[name] = f and function(...) post(self, f, nil, nil, ...) end
  end
  return copy
end

--- Reads a new subscription from the next update on.
---@param options table on_message, on_error
---@param state table whose field `closed` tells whether it is closed
function Update:subscribed(subscription, options, state)
  self:spawn(read, self, subscription, options, state)
end

-- Makes the calls that wait, at most as many with a message as there is room for.
local function make_calls(self, room)
  while self.first_call_ <= self.last_call_ do
    local call = self.calls_[self.first_call_]
    local f, task, state = call[1], call[2], call[3]
    if task and room == 0 then break end
    self.calls_[self.first_call_] = nil
    self.first_call_ = self.first_call_ + 1
    if task then
      room = room - 1
      task.called = true
      self:wake(task)
    end
    if not (state and state.closed) then
      f(unpack(call, 4, 3 + call.n))
    end
  end
  if self.first_call_ > self.last_call_ then self.first_call_, self.last_call_ = 1, 0 end
  return room
end

local function frame(self)
  local room = self.max_messages_
  self:turn(0)
  repeat
    room = make_calls(self, room)
    self:run_ready()
  until room == 0 or self.last_call_ == 0
end

local function set_alarm(self)
  local first = self.timers_:first()
  self.drivers_[1]:alarm(first and first.at)
end

--- The driver has its turn with every update, whether somebody waits or not: what its descriptor
--- tells of is to be seen to, or the descriptor stays readable.
function Update:attach(driver)
  self.drivers_[1] = driver
  self.peek_, self.peeked_ = driver:peeking()
  driver:pollfd() -- from now on the mux's timer runs
end

function Update.watch() end
Update.unwatch = Update.watch

--- What client:update does: one turn for the network, then the callbacks, at most max_messages of
--- them with a message; the rest comes with the next update. What a callback raises comes out of
--- here, after which everything else goes on with the next update.
function Update:update()
  -- Most frames have nothing to do. To see that is one system call of the mux's, and not even a
  -- look at the clock: the alarm tells when a task is due.
  if self.last_ == 0 and self.last_call_ == 0 and not self.peek_(self.peeked_, 0) then return end
  if self.updating_ then error("update: called from one of its own callbacks", 3) end
  self.updating_ = true
  local fine, message = pcall(frame, self)
  self.updating_ = false
  set_alarm(self)
  if not fine then error(message, 0) end
end

return Update
