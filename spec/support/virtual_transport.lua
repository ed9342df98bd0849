-- A transport without a network, in time of its own, for specs of what the policy does and when.
-- Answers are given as a list, one for each request in order; the last repeats. An answer:
--   after = seconds      until it comes (0)
--   status, body, retry_after   or   error = { message, code, detail }
--   refuse = { message, code, detail }   the request cannot even be sent

local VirtualTransport = {}
VirtualTransport.__index = VirtualTransport

function VirtualTransport.new(answers)
  return setmetatable({
    answers = answers,
    clock = 1000,
    requests = {}, -- { kind, target, body, content_type, timeout, at }
    cancelled = {}, -- tickets
    sleeps = {}, -- seconds
    tickets_ = {},
    during_wait = nil, -- a function that is called in each wait and sleep
  }, VirtualTransport)
end

function VirtualTransport:now()
  return self.clock
end

local function send(self, kind, target, body, content_type, timeout)
  local ticket = #self.requests + 1
  local answer = self.answers[math.min(ticket, #self.answers)]
  self.requests[ticket] = {
    kind = kind, target = target, body = body, content_type = content_type, timeout = timeout,
    at = self.clock,
  }
  if answer.refuse then return nil, answer.refuse[1], answer.refuse[2], answer.refuse[3] end
  self.tickets_[ticket] = { answer = answer, at = self.clock + (answer.after or 0) }
  return ticket
end

function VirtualTransport:poll(target)
  return send(self, "poll", target)
end

function VirtualTransport:publish(target, body, content_type, timeout)
  local ticket, message, code, detail = send(self, "publish", target, body, content_type, timeout)
  if not ticket then return nil, message, code, detail end
  return self:wait(ticket)
end

function VirtualTransport.flush()
  return true
end

function VirtualTransport:wait(ticket, deadline)
  if self.during_wait then self.during_wait(ticket) end
  local due = self.tickets_[ticket]
  if not due then return nil, "cancelled", "CANCELLED_ERROR", { retryable = false } end
  if deadline and deadline < due.at then
    self.clock = math.max(self.clock, deadline)
    return false
  end
  self.clock = math.max(self.clock, due.at)
  self.tickets_[ticket] = nil
  local answer = due.answer
  if answer.error then return nil, answer.error[1], answer.error[2], answer.error[3] end
  return answer.status, answer.body or "", answer.retry_after
end

function VirtualTransport:ended(ticket)
  local due = self.tickets_[ticket]
  return due ~= nil and due.at <= self.clock
end

function VirtualTransport:sleep(seconds)
  self.sleeps[#self.sleeps + 1] = seconds
  self.clock = self.clock + seconds
  if self.during_wait then self.during_wait() end
end

function VirtualTransport:cancel(key)
  if type(key) ~= "number" then return end -- a sleep
  table.insert(self.cancelled, key)
  self.tickets_[key] = nil
end

function VirtualTransport:pending()
  local count = 0
  for _ in pairs(self.tickets_) do count = count + 1 end
  return count
end

function VirtualTransport:close()
  self.closed = true
end

--- How long it was slept between request n and the one after it.
function VirtualTransport:gap_after(n)
  return self.requests[n + 1].at - self.requests[n].at
end

return VirtualTransport
