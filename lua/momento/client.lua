--- The client: options and credentials in, publishing, and the subscriptions made with it. Errors
--- of the world are returned, a programmer's mistakes raise. What it is for users is the client
--- userdata of momento.core; this file adds its methods. Must not know which transport runs.

local core = require "momento.core"
local credentials = require "momento.credentials"
local errors = require "momento.errors"
local json = require "momento.message"
local options = require "momento.options"
local retry = require "momento.retry"
local Subscription = require "momento.subscription"
local version = require "momento.version"
require "momento.tokens"

local state_of, text_valid = core.state, core.text_valid
local methods = core.client_methods
local publish_target, core_close = methods.publish_target, methods.close

local Client = {}

local TEXT, BINARY = "text/plain; charset=utf-8", "application/octet-stream"

local CLIENT_OPTIONS = {
  api_key = "string",
  endpoint = "string",
  loop = function(value)
    if value == "update" or type(value) == "table" and value.current then return nil end
    return '"update" or a loop such as require "momento.loop.cqueues" (cq)'
  end,
  timeout = options.seconds, -- of a publish, all attempts together
  connect_timeout = options.seconds,
  poll_timeout = options.seconds, -- longer than the server holds a poll
  ca_file = "string",
  max_body = options.count, -- bytes of an answer
  max_messages = options.count, -- per update(), with loop = "update"
  logger = "function", -- logger(level, message); level "debug", "info", "warn"
}

local DEFAULTS = {
  timeout = 5,
  connect_timeout = 10,
  poll_timeout = 90,
  max_body = 16 * 1024 * 1024,
}

local POLLS_FIRST = 1 -- seconds that a publish waits for them
local LOOK_AGAIN = 0.005 -- seconds until it looks again: a program may poll the descriptor

local WEAK = { __mode = "k" }

local PUBLISH_OPTIONS = { binary = "boolean", timeout = options.seconds, on_result = "function" }

local SUBSCRIBE_OPTIONS = {
  resume = "table",
  on_discontinuity = "function",
  on_connection_lost = "function",
  on_connection_restored = "function",
  on_message = "function",
  on_error = "function",
}

-- nginx has sockets of its own, and must not load libcurl.
local function transport_module()
  local ngx = rawget(_G, "ngx")
  if type(ngx) == "table" and ngx.socket then return require "momento.transport.ngx" end
  return require "momento.transport.curl"
end

local function silent() end

--- Makes a client. Nothing is sent yet.
---@param given table|nil api_key, endpoint (else from the environment), loop, timeout (5 s),
--- connect_timeout (10 s), poll_timeout (90 s), ca_file, max_body (bytes), max_messages, logger
---@param level integer|nil of the caller, for errors about options
---@return userdata|nil client, or nil, message, code, detail
function Client.new(given, level)
  local chosen = options.copy("momento.client", given, CLIENT_OPTIONS, level or 2)
  for name, value in pairs(DEFAULTS) do
    if chosen[name] == nil then chosen[name] = value end
  end
  local origin, token, code, detail = credentials.resolve(chosen)
  if not origin then return nil, token, code, detail end
  local self, message = core.client(origin, token)
  if not self then return errors.invalid(message) end
  local transport
  transport, message, code, detail = transport_module().new {
    origin = origin,
    authorization = token,
    user_agent = "lua-momento/" .. version,
    connect_timeout = chosen.connect_timeout,
    ca_file = chosen.ca_file,
    max_body = chosen.max_body,
    max_messages = chosen.max_messages,
    loop = chosen.loop,
  }
  if not transport then return nil, message, code, detail end
  local state = state_of(self)
  state.transport = transport -- nil once closed
  local loop = transport.loop
  state.background = loop and loop.never_blocks and loop or nil -- nobody may be made to wait
  state.timeout = chosen.timeout
  state.poll_timeout = chosen.poll_timeout
  state.secret = token
  state.log = chosen.logger or silent
  state.cache, state.topic, state.target = false, false, nil -- of the last publish
  state.subscriptions = setmetatable({}, WEAK)
  state.starting = setmetatable({}, WEAK) -- whose first poll may not have been sent
  state.queue = { first = 1, last = 0 } -- places of the publishes that wait for those polls
  state.stats = {
    published = 0, publish_failures = 0, publish_retries = 0,
    polls = 0, retries = 0,
    delivered = 0, duplicates = 0, discontinuities = 0, malformed = 0,
  }
  return self
end

-- Raises at the method's caller unless the value is a string.
local function check_string(method, name, value)
  if type(value) == "string" then return end
  local hint = method == "publish" and type(value) == "table" and "; see publish_json" or ""
  error(("%s: %s must be a string, got %s%s"):format(method, name, type(value), hint), 3)
end

-- Publishes again as long as no byte can have reached a server: a publish is never sent twice.
local function publish_again(state, deadline, target, value, content_type, message, code, detail)
  local transport = state.transport
  local status
  for attempt = 1, retry.PUBLISH_ATTEMPTS do
    local delay = retry.delay(attempt)
    if not detail.unsent or not detail.retryable then break end
    if not state.transport or transport:now() + delay >= deadline then break end
    state.log("warn", ("publish: %s (%s); trying again"):format(message, code))
    state.stats.publish_retries = state.stats.publish_retries + 1
    local _, _, _, ended = transport:sleep(delay, {})
    if ended and ended.unwind then error(ended, 0) end
    status, message, code, detail =
      transport:publish(target, value, content_type, math.max(0.001, deadline - transport:now()))
    if status then break end
  end
  return status, message, code, detail
end

-- Publishes, and waits for the outcome: true, or nil, message, code, detail.
local function deliver(state, target, value, content_type, timeout)
  local transport, stats = state.transport, state.stats
  if not transport then return errors.closed "client" end
  local deadline = transport:now() + timeout
  local status, text, what, detail = transport:publish(target, value, content_type, timeout)
  if not status then
    status, text, what, detail =
      publish_again(state, deadline, target, value, content_type, text, what, detail)
  end
  if status == 204 then
    stats.published = stats.published + 1
    return true
  end
  if detail and detail.unwind then error(detail, 0) end -- the task was cancelled
  stats.publish_failures = stats.publish_failures + 1
  if status then text, what, detail = errors.from_status(status, text, what, state.secret) end
  return nil, text, what, detail
end

-- Whether the first poll of a subscription has still to be sent, unless all are given up.
local function polls_unsent(state, given_up)
  local starting = state.starting
  for subscription in pairs(starting) do
    if not given_up and not Subscription.listens(subscription) then return true end
    starting[subscription] = nil
  end
  state.starting = setmetatable({}, WEAK) -- to look through a table that was large takes its time
  return false
end

-- "Subscribe, then publish" in one program is to work. Where subscribe may not wait for its poll to
-- be sent, the publish does, for a while of its timeout, and later ones queue up behind it. Returns
-- what is left of the timeout.
local function let_polls_go_first(state, timeout)
  local transport, queue = state.transport, state.queue
  local start = transport:now()
  local deadline = start + math.min(timeout, POLLS_FIRST)
  local place = queue.last + 1
  queue.last = place
  while state.transport
    and (polls_unsent(state, transport:now() >= deadline) or queue.first < place) do
    transport:sleep(LOOK_AGAIN, {})
  end
  queue.first = place + 1
  return math.max(0.001, timeout - (transport:now() - start))
end

-- Where nothing may block: the outcome goes to on_result.
local function deliver_later(state, on_result, target, value, content_type, timeout)
  state.background:spawn(function()
    local left, queue = timeout, state.queue
    if queue.first <= queue.last or next(state.starting) then
      left = let_polls_go_first(state, timeout)
    end
    if on_result then return on_result(deliver(state, target, value, content_type, left)) end
    local published, message, code = deliver(state, target, value, content_type, left)
    if not published then state.log("warn", ("publish: %s (%s)"):format(message, code)) end
  end)
  return true
end

--- Publishes a value. Waits for the outcome; with loop = "update" returns at once, and the outcome
--- goes to on_result.
---@param cache string
---@param topic string
---@param value string text in UTF-8, or any bytes with { binary = true }
---@param given table|nil binary, timeout (seconds), on_result
---@return true|nil, string|nil message, string|nil code, table|nil detail
function methods.publish(self, cache, topic, value, given)
  local state = state_of(self)
  if not state.transport then return errors.closed "client" end
  -- Most programs publish to the same topic again and again: names that are those of the last time
  -- have been checked, and what they are in a request is known.
  local target = state.target
  if cache ~= state.cache or topic ~= state.topic then
    check_string("publish", "cache name", cache)
    check_string("publish", "topic name", topic)
    local message
    target, message = publish_target(self, cache, topic)
    if not target then return errors.invalid(message) end
    state.cache, state.topic, state.target = cache, topic, target
  end
  if type(value) ~= "string" then check_string("publish", "value", value) end
  local content_type, timeout = TEXT, state.timeout
  local on_result
  if given ~= nil then
    given = options.copy("publish", given, PUBLISH_OPTIONS)
    if given.binary then content_type = BINARY end
    timeout, on_result = given.timeout or timeout, given.on_result
  end
  if content_type == TEXT and not text_valid(value) then
    return errors.invalid "the value is not UTF-8: pass { binary = true }, or --binary, for bytes"
  end
  if state.background then
    return deliver_later(state, on_result, target, value, content_type, timeout)
  elseif on_result then
    error('publish: on_result is for clients with loop = "update"', 2)
  end
  -- No tail call: who calls a method of a client that nobody else holds holds it until the end.
  local published, message, code, detail = deliver(state, target, value, content_type, timeout)
  return published, message, code, detail
end

--- Publishes a Lua value as JSON, encoded by lua-cjson.
---@return true|nil, string|nil message, string|nil code, table|nil detail
function methods.publish_json(self, cache, topic, value, given)
  state_of(self) -- raises where it was called with a dot
  check_string("publish_json", "cache name", cache)
  check_string("publish_json", "topic name", topic)
  local text, problem = json.cjson("publish_json", 2).encode(value)
  if not text then return errors.invalid("the value cannot be JSON: " .. tostring(problem)) end
  return self:publish(cache, topic, text, given)
end

--- Subscribes. Returns once the first poll has been handed to the network; its errors are told by
--- the first receive. See momento.subscription for what can be done with it.
---@param cache string
---@param topic string
---@param given table|nil resume (a position: sequence_number and sequence_page of the last message
--- had), on_discontinuity, on_connection_lost, on_connection_restored; with loop = "update" also
--- on_message and on_error
---@return userdata|nil subscription, or nil, message, code, detail
function methods.subscribe(self, cache, topic, given)
  local state = state_of(self)
  check_string("subscribe", "cache name", cache)
  check_string("subscribe", "topic name", topic)
  local chosen = options.copy("subscribe", given, SUBSCRIBE_OPTIONS)
  if chosen.resume and chosen.resume.sequence_number == nil then
    error("subscribe: option resume must be a position, but has no sequence_number", 2)
  end
  if not state.transport then return errors.closed "client" end
  if (chosen.on_message ~= nil) ~= (state.background ~= nil) then
    error('subscribe: on_message is for clients with loop = "update", which need it', 2)
  end
  local callbacks = chosen
  if state.background then callbacks = state.background:callbacks(chosen) end
  local subscription, message, code, detail =
    Subscription.new(self, state, cache, topic, callbacks)
  if not subscription then return nil, message, code, detail end
  state.subscriptions[subscription] = true
  if state.background then
    state.starting[subscription] = true
    state.background:subscribed(subscription, chosen, state_of(subscription))
  end
  return subscription
end

--- What has happened so far: numbers by name.
---@return table<string, integer>
function methods.stats(self)
  local state = state_of(self)
  local copy = { subscriptions = 0, pending = state.transport and state.transport:pending() or 0 }
  for subscription in pairs(state.subscriptions) do
    Subscription.count(subscription)
    copy.subscriptions = copy.subscriptions + 1
  end
  for name, value in pairs(state.stats) do copy[name] = value end
  return copy
end

--- Ends everything: subscriptions, waits, transfers. Again: does nothing.
function methods.close(self)
  local state = state_of(self)
  local transport = state.transport
  if transport then
    state.transport, state.background, state.starting = nil, nil, {}
    local open = {}
    for subscription in pairs(state.subscriptions) do open[#open + 1] = subscription end
    for _, subscription in ipairs(open) do subscription:close() end
    transport:close()
  end
  return core_close(self)
end

-- The transport, for loops of the program's own; nil, message, code when the client is closed.
local function stepped(state)
  local transport = state.transport
  if not transport then return errors.closed "client" end
  if not transport.step then error("the client waits in nginx's own loop", 3) end
  return transport
end

--- The descriptor to poll, for a loop of the program's own: step(0) when it can be read.
---@return integer|nil
function methods.pollfd(self)
  local transport, message, code = stepped(state_of(self))
  if not transport then return nil, message, code end
  return transport:pollfd()
end

--- What to poll pollfd() for: "r".
---@return string|nil
function methods.events(self)
  local transport, message, code = stepped(state_of(self))
  if not transport then return nil, message, code end
  return transport:events()
end

--- Seconds until step(0) and receive(0) have something to do even though pollfd() cannot be read,
--- 0 for an answer that came while the program waited for something else; nil: none.
---@return number|nil
function methods.timeout(self)
  local transport, message, code = stepped(state_of(self))
  if not transport then return nil, message, code end
  local least = transport:timeout()
  for subscription in pairs(state_of(self).subscriptions) do
    local left = Subscription.due(subscription)
    if left and (not least or left < least) then least = left end
  end
  return least
end

--- Lets the transfers go on, for at most that long (nil: until one ends).
---@param seconds number|nil
---@return true|nil, string|nil message
function methods.step(self, seconds)
  local transport, message, code = stepped(state_of(self))
  if not transport then return nil, message, code end
  local fine, problem = transport:step(seconds) -- no tail call, as in publish
  return fine, problem
end

--- With loop = "update": does what there is to do and calls the callbacks; never blocks. What a
--- callback raises comes out of here. It may be called with the seconds since the last call.
function methods.update(self)
  local state = state_of(self)
  local loop = state.background
  if not loop then
    if not state.transport then return errors.closed "client" end
    error('update: the client was not made with loop = "update"', 2)
  end
  loop:update() -- no tail call, as in publish
end

return Client
