-- The client against a real topicsd: publish, subscribe, resume, many at once.

local core = require "momento.core"
local momento = require "momento"
local http = require "spec.support.http"
local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local PATIENCE = 30 -- seconds

describe("a client of topicsd", function()
  local server, client

  local function connect(options)
    local all = { api_key = server.api_key }
    for name, value in pairs(options or {}) do all[name] = value end
    return assert(momento.client(all))
  end

  setup(function()
    server = Topicsd.start { "--cache", "c", "--cache", "my cache", "--max-messages", "50" }
  end)

  before_each(function() client = connect() end)

  after_each(function() client:close() end)

  it("gets what is published after subscribe returned, at once", function()
    for round = 1, 20 do
      local topic = "at once " .. round
      local subscription = assert(client:subscribe("c", topic))
      assert(client:publish("c", topic, "first"))
      local message = assert(subscription:receive(PATIENCE))
      assert.equal("first", message.value)
      assert.equal(1, message.sequence_number)
      subscription:close()
    end
  end)

  it("gets every value as it was published", function()
    local values = {
      { "", false }, { "", true }, { "héllo wörld \240\159\152\128", false },
      { 'quotes " and \\ and / and \t\r\n\b\f', false }, { "\0\1\31\127", false },
      { "\0\255\128", true }, { "\237\160\128", true }, { ("x"):rep(4096), false },
      { ("\255"):rep(4096), true }, { '{"json":[1,2]}', false }, { "</script>\226\128\168", false },
    }
    for number = 0, 255 do
      table.insert(values, { string.char(number):rep(number % 3 + 1), true })
    end
    local subscription = assert(client:subscribe("c", "values"))
    local received = {}
    for i, row in ipairs(values) do
      assert(client:publish("c", "values", row[1], { binary = row[2] }))
      received[i] = assert(subscription:receive(PATIENCE))
    end
    for i, row in ipairs(values) do
      assert.equal(row[1], received[i].value)
      assert.equal(row[2] and "binary" or "text", received[i].type)
      assert.equal(i, received[i].sequence_number)
      assert.is_nil(received[i].discontinuity)
    end
  end)

  local names = { "a/b", "%2F", " ", "+", "?x=1", "#", "\240\159\152\128", "a\\b", '"', "..",
    ("n"):rep(500) }
  for _, name in ipairs(names) do
    it("keeps topics apart by name: " .. name:sub(1, 20), function()
      local mine = assert(client:subscribe("my cache", name))
      local other = assert(client:subscribe("my cache", name .. "x"))
      assert(client:publish("my cache", name .. "x", "other"))
      assert(client:publish("my cache", name, "mine"))
      assert.equal("mine", assert(mine:receive(PATIENCE)).value)
      assert.equal("other", assert(other:receive(PATIENCE)).value)
    end)
  end

  it("resumes from a position, in another client", function()
    local subscription = assert(client:subscribe("c", "resume"))
    for i = 1, 5 do assert(client:publish("c", "resume", "m" .. i)) end
    for i = 1, 3 do assert.equal("m" .. i, assert(subscription:receive(PATIENCE)).value) end
    local position = subscription:position()
    subscription:close()
    local second = connect()
    local resumed = assert(second:subscribe("c", "resume", { resume = position }))
    assert.equal("m4", assert(resumed:receive(PATIENCE)).value)
    assert.equal("m5", assert(resumed:receive(PATIENCE)).value)
    assert.equal("TIMEOUT_ERROR", (select(3, resumed:receive(0.01))))
    second:close()
  end)

  it("tells of a gap when what it resumes from is gone", function()
    local gaps = {}
    for i = 1, 80 do assert(client:publish("c", "gap", "m" .. i)) end
    local first = assert(client:subscribe("c", "gap", {
      resume = { sequence_number = 10, sequence_page = 0 },
      on_discontinuity = function(gap) gaps[#gaps + 1] = gap end,
    }))
    local message = assert(first:receive(PATIENCE))
    assert.equal("m31", message.value)
    assert.equal(gaps[1], message.discontinuity)
    assert.equal(31, gaps[1].new_sequence_number)
    for i = 32, 80 do
      message = assert(first:receive(PATIENCE))
      assert.equal("m" .. i, message.value)
      assert.is_nil(message.discontinuity)
    end
    assert.equal(1, #gaps)
  end)

  it("loses nothing between receives that time out", function()
    local subscription = assert(client:subscribe("c", "patience"))
    for i = 1, 20 do
      assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(i % 3 * 0.003))))
      assert(client:publish("c", "patience", "m" .. i))
      assert.equal("m" .. i, assert(subscription:receive(PATIENCE)).value)
    end
  end)

  it("gets what came while the program was busy for longer than a poll may take", function()
    local slow = connect { poll_timeout = 0.2 }
    local subscription = assert(slow:subscribe("c", "busy"))
    assert(client:publish("c", "busy", "meanwhile"))
    require("socket").sleep(0.4)
    assert.equal("meanwhile", assert(subscription:receive(10)).value)
    slow:close()
  end)

  it("goes on when the server's hold is over, and misses nothing in between", function()
    local other = Topicsd.start { "--hold", "0.05", "--cache", "c" }
    local second = assert(momento.client { api_key = other.api_key })
    local subscription = assert(second:subscribe("c", "t"))
    -- Two holds at least, the first of them of a poll without a position.
    process.wait_until(function()
      assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(0.05))))
      return second:stats().polls >= 3
    end, PATIENCE)
    assert(second:publish("c", "t", "a"))
    assert.equal("a", assert(subscription:receive(PATIENCE)).value)
    assert.equal(0, second:stats().discontinuities)
    second:close()
    other:stop()
  end)

  local refused = {
    { "another cache", { "nope", "t" }, nil, "NOT_FOUND_ERROR", "Cache not found" },
    { "another key", { "c", "t" }, "wrong-key", "AUTHENTICATION_ERROR", "check the API key" },
  }
  for _, row in ipairs(refused) do
    it("gets an error for " .. row[1], function()
      local user = row[3] and connect { api_key = row[3], endpoint = server.url } or connect()
      local cache, topic = row[2][1], row[2][2]
      local fine, message, code, detail = user:publish(cache, topic, "v")
      assert.is_nil(fine)
      assert.equal(row[4], code)
      assert.matches(row[5], message, 1, true)
      assert.is_false(detail.retryable)
      local subscription = assert(user:subscribe(cache, topic))
      local received, text, kind = subscription:receive(PATIENCE)
      assert.is_nil(received)
      assert.equal(row[4], kind)
      assert.matches(row[5], text, 1, true)
      user:close()
    end)
  end

  it("gets LIMIT_EXCEEDED_ERROR for a message too large", function()
    local fine, message, code, detail = client:publish("c", "t", ("x"):rep(4097))
    assert.is_nil(fine)
    assert.is_string(message)
    assert.equal("LIMIT_EXCEEDED_ERROR", code)
    assert.matches("item_size_limit_exceeded", detail.body, 1, true)
    assert.is_true(client:publish("c", "t", ("x"):rep(4096)))
  end)

  it("works with the inner key and the plain URL", function()
    local user = connect { api_key = server.key, endpoint = server.url }
    assert.is_true(user:publish("c", "t", "v"))
    user:close()
  end)

  it("understands what other programs publish", function()
    local subscription = assert(client:subscribe("c", "curl"))
    local status = http.request(server.url .. "/topics/c/curl?token=" .. core.escape(server.key),
      { body = "hello world!", headers = {
        ["Content-Type"] = "application/x-www-form-urlencoded",
      } })
    assert.equal(204, status)
    local message = assert(subscription:receive(PATIENCE))
    assert.equal("hello world!", message.value)
    assert.equal("text", message.type)
  end)

  it("is driven by any loop through one descriptor", function()
    local subscription = assert(client:subscribe("c", "loop"))
    assert.is_number(client:pollfd())
    assert.equal("r", client:events())
    assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(0))))
    local second = connect()
    assert(second:publish("c", "loop", "v"))
    local socket = require "socket"
    local readable = { getfd = function() return client:pollfd() end, dirty = function() end }
    local message = process.wait_until(function()
      socket.select({ readable }, nil, client:timeout() or 1)
      assert.is_true(client:step(0))
      return subscription:receive(0)
    end, PATIENCE)
    assert.equal("v", message.value)
    second:close()
  end)

  it("serves tasks: many subscriptions, many publishers, all in order", function()
    local TOPICS, EACH = 30, 20
    local got = {}
    momento.run(function()
      for topic = 1, TOPICS do
        local subscription = assert(client:subscribe("c", "many " .. topic))
        momento.spawn(function()
          local list = {}
          for i = 1, EACH do list[i] = assert(subscription:receive(PATIENCE)).value end
          got[topic] = table.concat(list, " ")
        end)
        momento.spawn(function()
          for i = 1, EACH do assert(client:publish("c", "many " .. topic, tostring(i))) end
        end)
      end
    end)
    local expected = {}
    for i = 1, EACH do expected[i] = tostring(i) end
    for topic = 1, TOPICS do assert.equal(table.concat(expected, " "), got[topic]) end
  end)

  it("ends the transfers of cancelled tasks, but a first poll, which may be read on", function()
    local subscription
    momento.run(function()
      subscription = assert(client:subscribe("c", "cancel"))
      local task = momento.spawn(function() subscription:receive() end)
      momento.sleep(0)
      task:cancel()
    end)
    assert.equal(1, client:stats().pending)
    assert(client:publish("c", "cancel", "meanwhile"))
    assert.equal("meanwhile", assert(subscription:receive(PATIENCE)).value)
    momento.run(function()
      local task = momento.spawn(function() subscription:receive() end)
      momento.sleep(0)
      assert.equal(1, client:stats().pending)
      task:cancel()
    end)
    assert.equal(0, client:stats().pending)
    assert(client:publish("c", "cancel", "more"))
    assert.equal("more", assert(subscription:receive(PATIENCE)).value)
  end)

  it("lets one task close what another waits for", function()
    for _, close in ipairs {
      function(subscription) subscription:close() end,
      function(_, user) user:close() end,
    } do
      local user = connect()
      local code
      momento.run(function()
        local subscription = assert(user:subscribe("c", "close"))
        momento.spawn(function() code = select(3, subscription:receive()) end)
        momento.sleep(0)
        close(subscription, user)
      end)
      assert.equal("CANCELLED_ERROR", code)
      assert.equal(0, user:stats().pending)
      user:close()
    end
  end)

  it("serves two clients in one run", function()
    local second = connect()
    local got
    momento.run(function()
      local subscription = assert(client:subscribe("c", "two"))
      momento.spawn(function() got = assert(subscription:receive(PATIENCE)).value end)
      momento.sleep(0.01)
      assert(second:publish("c", "two", "from the second"))
    end)
    assert.equal("from the second", got)
    second:close()
  end)

  it("iterates in a task, except on PUC 5.1, which says what to do", function()
    local subscription = assert(client:subscribe("c", "iterate"))
    assert(client:publish("c", "iterate", "v"))
    local got, problem
    momento.run(function()
      local function iterate()
        for message in subscription do return message.value end -- luacheck: ignore 512
      end
      if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
        problem = select(2, pcall(iterate))
      else
        got = iterate()
      end
    end)
    if problem then
      assert.matches("subscription:receive()", problem, 1, true)
      got = assert(subscription:receive(PATIENCE)).value
    end
    assert.equal("v", got)
  end)
end)
