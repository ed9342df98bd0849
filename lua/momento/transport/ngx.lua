--- The transport for nginx: one request over a cosocket, in the phases that have cosockets. Reads
--- in ticks, because a waiting cosocket hears nothing else: a cancel, the end of the worker and
--- every deadline are all noticed at the next tick.
--- A cosocket lives no longer than the nginx request that made it, so it is the ticket that holds
--- it, never the transport. Knows nothing of sequences, statuses or when to try again.

local Response = require "momento.transport.ngx_response"
local clock = require "momento.transport.ngx_clock"
local faults = require "momento.transport.ngx_faults"
local tls = require "momento.transport.ngx_tls"

local ngx = ngx
local ceil, huge, max, min = math.ceil, math.huge, math.max, math.min
local concat = table.concat

local TICK = 1 -- seconds
local READ_SIZE = 16384 -- bytes
local IDLE_TIMEOUT = 30000 -- milliseconds that a connection stays in the pool
local POOL_SIZE = 64 -- idle connections per worker and origin

local METHODS = { poll = "GET", publish = "POST" }

---@class momento.transport.ngx
local Transport = {}
Transport.__index = Transport

---@param options table origin, authorization, user_agent, connect_timeout in seconds, max_body in
--- bytes
---@return momento.transport.ngx|nil transport
---@return string? message, string? code, table? detail
function Transport.new(options)
  local scheme, authority = options.origin:match("^(https?)://(.+)$")
  local host, port = authority:match("^(.-):([0-9]+)$")
  host = host or authority
  port = tonumber(port) or (scheme == "https" and 443 or 80)
  local secure = scheme == "https"
  if secure and faults.is_address(host) then return nil, faults.tls_address(host) end
  if options.ca_file then return nil, faults.ca_file() end
  if options.loop then return nil, faults.loop() end
  return setmetatable({
    host_ = host,
    port_ = port,
    secure_ = secure,
    -- All that makes a connection the right one; with TLS, the name that was verified.
    pool_ = concat({ scheme, host, port, secure and host .. " verified" or nil }, " "),
    fields_ = concat({
      "Host: " .. authority,
      "Authorization: " .. options.authorization,
      "User-Agent: " .. options.user_agent,
      "Accept: application/json",
      "",
    }, "\r\n"),
    connect_timeout_ = options.connect_timeout,
    max_body_ = options.max_body,
    closed_ = false,
    sleeping_ = setmetatable({}, { __mode = "k" }), -- keys of sleeps under way
    tickets_ = setmetatable({}, { __mode = "k" }),
  }, Transport)
end

local function context() return ngx.ctx end

-- What a cosocket belongs to; nil where there is no nginx request at all (a finalizer at exit).
local function this_request()
  local known, request = pcall(context)
  return known and request or nil
end

local function drop(ticket)
  local socket = ticket.socket
  ticket.socket = nil
  -- One that belongs to another request, or that another thread reads, closes with that.
  if socket and ticket.request == this_request() and not ticket.reading then socket:close() end
end

-- Ends the ticket with an error; passes the error on.
local function fail(ticket, ...)
  drop(ticket)
  ticket.ended = true
  return nil, ...
end

-- A connected socket and whether it has been used before, or nil and the error.
local function connect(self, ticket, pool)
  local socket = ngx.socket.tcp()
  local seconds = min(self.connect_timeout_, max(0.001, ticket.deadline - clock.now()))
  local milliseconds = ceil(seconds * 1000)
  socket:settimeouts(milliseconds, milliseconds, TICK * 1000)
  local connected, fault = socket:connect(self.host_, self.port_, { pool = pool })
  if not connected then return nil, faults.connect(fault, self.host_, self.port_) end
  local used = socket:getreusedtimes() > 0
  if self.secure_ and not used then
    local agreed
    agreed, fault = tls.handshake(socket, self.host_)
    if not agreed then
      socket:close()
      return nil, faults.handshake(fault, self.host_)
    end
  end
  return socket, used
end

-- Puts the request on a connection: one from the pool, or a new one when `fresh`. A connection from
-- the pool that refuses the bytes was closed by the peer meanwhile, and is replaced. A request that
-- was not taken whole has had no effect, so this is safe for a publish too.
local function transmit(self, ticket, fresh)
  -- A pool of its own is how a cosocket is told not to take a used connection.
  local pool = fresh and self.pool_ .. " " .. tostring(ticket) or self.pool_
  local socket, used, code, detail = connect(self, ticket, pool)
  if not socket then return fail(ticket, used, code, detail) end
  local sent, fault = socket:send(ticket.bytes)
  if sent then
    ticket.socket, ticket.used, ticket.fresh = socket, used, fresh
    ticket.request = this_request()
    ticket.response = Response.new(self.max_body_)
    return ticket
  end
  socket:close()
  if used then return transmit(self, ticket, true) end
  return fail(ticket, faults.send(fault))
end

-- Hands a request to the network: a ticket, or nil and an error. Without a timeout (seconds) it
-- may take as long as it does.
local function send(self, kind, target, body, content_type, timeout)
  local message, code, detail = faults.phase(ngx.get_phase())
  if message then return nil, message, code, detail end
  if self.closed_ then return nil, faults.closed() end
  if kind == "poll" and ngx.worker.exiting() then return nil, faults.exiting() end
  local head = METHODS[kind] .. " " .. target .. " HTTP/1.1\r\n" .. self.fields_
  if body then
    head = head .. "Content-Type: " .. content_type .. "\r\nContent-Length: " .. #body .. "\r\n"
  end
  local ticket = {
    kind = kind,
    bytes = head .. "\r\n" .. (body or ""),
    deadline = timeout and clock.now() + timeout or huge,
  }
  self.tickets_[ticket] = true
  return transmit(self, ticket, false)
end

--- Hands a poll to the network; who waits for it decides how long.
---@param target string path and query
---@return table|nil ticket
---@return string? message, string? code, table? detail
function Transport:poll(target) return send(self, "poll", target) end

--- Waits until the poll has been written: poll() does that already.
function Transport.flush() return true end

-- What ends a request before its time, as an error; nothing when it may go on. A publish outlives
-- the call to exit: it is short, and the request it serves is still to be answered.
local function interruption(self, ticket)
  if ticket.cancelled or self.closed_ then return faults.closed() end
  if ticket.kind == "poll" and ngx.worker.exiting() then return faults.exiting() end
end

-- Reads until the answer is complete. true | nil, error | false: `deadline` has passed
local function read(self, ticket, deadline)
  while true do
    local message, code, detail = interruption(self, ticket)
    if message then return nil, message, code, detail end
    local response, socket = ticket.response, ticket.socket
    local left = min(deadline, ticket.deadline) - clock.now()
    -- At least one look at the socket, so that a wait of no time gets what is there already.
    socket:settimeout(max(1, ceil(min(TICK, left) * 1000)))
    ticket.reading = true
    local bytes, fault = socket:receiveany(READ_SIZE)
    ticket.reading = false
    local done
    if bytes then
      done, message = response:feed(bytes)
      if done == nil then return nil, faults.malformed(message) end
    elseif fault ~= "timeout" then
      done, message = response:close()
      if fault ~= "closed" then done = nil end
      if not done then
        -- Closed by the peer while it lay in the pool; a new one will tell more.
        local stale = ticket.used and not response.started and ticket.kind == "poll"
        if not stale then return nil, faults.cut(message, fault, ticket.kind) end
        drop(ticket)
        done, message, code, detail = transmit(self, ticket, true)
        if not done then return nil, message, code, detail end
        done = false
      end
    end
    if done then return true end
    local now = clock.now()
    if now >= ticket.deadline then return nil, faults.timeout() end
    if now >= deadline then return false end
  end
end

-- The answer is complete: its connection goes back to the pool, or ends.
local function release(ticket)
  ticket.ended = true
  if not ticket.response.reusable or ticket.fresh then return drop(ticket) end
  if ticket.socket:setkeepalive(IDLE_TIMEOUT, POOL_SIZE) then
    ticket.socket = nil
  else
    drop(ticket)
  end
end

--- Waits for the answer to a poll.
---@param ticket table
---@param deadline number|nil on the clock of now(); nil: none
---@return integer|nil|false status # false: the deadline has passed, the ticket still lives
---@return string? body # or the error's message, code and detail
---@return number? retry_after seconds
function Transport:wait(ticket, deadline)
  if ticket.ended then return nil, faults.closed() end
  -- What an earlier nginx request asked cannot be read in this one: ask again.
  if ticket.request ~= this_request() then
    local sent, message, code, detail = transmit(self, ticket, false)
    if not sent then return nil, message, code, detail end
  end
  local done, message, code, detail = read(self, ticket, deadline or huge)
  if done == false then return false end
  if not done then return fail(ticket, message, code, detail) end
  release(ticket)
  local response = ticket.response
  return response.status, response.body, clock.seconds_until(response.retry_after)
end

--- Publishes, and waits for the answer. As wait().
---@param timeout number seconds for the whole exchange
function Transport:publish(target, body, content_type, timeout)
  local ticket, message, code, detail = send(self, "publish", target, body, content_type, timeout)
  if not ticket then return nil, message, code, detail end
  return self:wait(ticket)
end

--- Gives a request up, or ends a sleep, by its ticket or key. Who waits learns of it within a tick.
function Transport:cancel(key)
  if self.sleeping_[key] then
    self.sleeping_[key] = nil
  elseif type(key) == "table" then
    key.cancelled = true
    if key.reading then return end
    key.ended = true
    drop(key)
  end
end

--- Requests under way.
---@return integer
function Transport:pending()
  local count = 0
  for ticket in pairs(self.tickets_) do
    if not ticket.ended then count = count + 1 end
  end
  return count
end

--- Idempotent. What waits learns of it within a tick.
function Transport:close() self.closed_ = true end

---@return number seconds, never going back
function Transport.now() return clock.now() end

--- Waits, unless `key` is cancelled, the client closed or the worker about to exit.
---@param seconds number
---@param key any what cancel() ends it by; not a ticket
---@return false|nil # false: the time is over
---@return string? message, string? code, table? detail
function Transport:sleep(seconds, key)
  key = key or {}
  local deadline = clock.now() + seconds
  local sleeping = self.sleeping_
  sleeping[key] = true
  repeat
    -- Less than a millisecond would not leave this turn of nginx's loop, where time stands still.
    ngx.sleep(max(0.001, min(TICK, deadline - clock.now())))
    if not sleeping[key] or self.closed_ then return nil, faults.closed() end
    if ngx.worker.exiting() then return nil, faults.exiting() end
  until clock.now() >= deadline
  sleeping[key] = nil
  return false
end

return Transport
