-- loop = "update": what a game sees of it, against a real topicsd.

local core = require "momento.core"
local curl = require "momento.curl"
local momento = require "momento"
local Topicsd = require "spec.support.topicsd"
local wait_until = require "spec.support.wait".wait_until

describe("client:update", function()
  local server, client, topics

  local function pump_until(condition, what)
    return wait_until(function()
      client:update()
      return condition()
    end, 30, what)
  end

  local function publish(topic, count)
    local done = 0
    for i = 1, count do
      assert(client:publish("c", topic, tostring(i), {
        on_result = function(published, message)
          assert(published, message)
          done = done + 1
        end,
      }))
    end
    pump_until(function() return done == count end, "publishes to end")
  end

  -- A subscription whose poll has been sent.
  local function subscribe(topic, options)
    local subscription = assert(client:subscribe("c", topic, options))
    local state = core.state(subscription)
    pump_until(function()
      return not state.ticket or state.transport.mux:sent(state.ticket)
    end, "the poll to be sent")
    return subscription
  end

  -- From now on the transport believes of requests what sent(ticket) says.
  local function override_sent(transport, sent)
    local mux = transport.mux
    transport.mux = setmetatable({ sent = function(_, ticket) return sent(ticket) end }, {
      __index = function(_, method)
        return function(_, ...) return mux[method](mux, ...) end
      end,
    })
  end

  local function topic()
    topics = (topics or 0) + 1
    return "update " .. topics
  end

  setup(function() server = Topicsd.start { "--cache", "c" } end)
  teardown(function() Topicsd.stop_all() end)

  before_each(function()
    client = assert(momento.client {
      api_key = server.key, endpoint = server.url, loop = "update", max_messages = 5,
    })
  end)
  after_each(function() client:close() end)

  it("delivers at most max_messages, and the rest with the next calls", function()
    local name, got, most = topic(), {}, 0
    local subscription
    subscription = subscribe(name, {
      on_message = function(message)
        got[#got + 1] = message.sequence_number
        assert.equal(message.sequence_number, subscription:position().sequence_number)
      end,
    })
    publish(name, 40)
    pump_until(function()
      local before = #got
      client:update()
      most = math.max(most, #got - before)
      return #got == 40
    end, "forty messages")
    for i = 1, 40 do assert.equal(i, got[i]) end
    assert.is_true(most <= 5, "a frame delivered " .. most)
  end)

  it("lets what a callback raises out, once, and goes on", function()
    local name, got = topic(), {}
    subscribe(name, {
      on_message = function(message)
        got[#got + 1] = message.sequence_number
        if #got == 2 then error "from the callback" end
      end,
    })
    local raised = {}
    for i = 1, 3 do assert(client:publish("c", name, tostring(i))) end
    wait_until(function()
      local fine, message = pcall(client.update, client)
      if not fine then raised[#raised + 1] = message end
      return #got == 3
    end, 30, "three messages")
    assert.same({ 1, 2, 3 }, got)
    assert.equal(1, #raised)
    assert.truthy(raised[1]:find("from the callback", 1, true))
  end)

  it("can be closed from a callback, subscription or client", function()
    local name, got = topic(), 0
    local subscription
    subscription = subscribe(name, {
      on_message = function()
        got = got + 1
        subscription:close()
      end,
    })
    publish(name, 3)
    for _ = 1, 20 do client:update() end
    assert.equal(1, got)

    local second = topic()
    subscribe(second, { on_message = function() client:close() end })
    assert(client:publish("c", second, "x"))
    wait_until(function()
      return select(3, client:update()) == "CANCELLED_ERROR"
    end, 30, "the client to be closed")
  end)

  it("refuses to be called by its own callbacks", function()
    local message
    subscribe(topic(), { on_message = function() end })
    assert(client:publish("c", topic(), "x", {
      on_result = function() message = select(2, pcall(client.update, client)) end,
    }))
    pump_until(function() return message end, "the result")
    assert.truthy(message:find("own callbacks", 1, true), message)
  end)

  it("tells what is final by on_error, or raises it where there is none", function()
    client:close()
    client = assert(momento.client { api_key = "wrong", endpoint = server.url, loop = "update" })
    local code
    assert(client:subscribe("c", "t", {
      on_message = function() end,
      on_error = function(_, given) code = given end,
    }))
    pump_until(function() return code end, "an error")
    assert.equal("AUTHENTICATION_ERROR", code)

    assert(client:subscribe("c", "t", { on_message = function() end }))
    local raised
    wait_until(function()
      local fine, message = pcall(client.update, client)
      raised = not fine and message
      return raised
    end, 30, "an error from update")
    assert.truthy(raised:find("AUTHENTICATION_ERROR", 1, true), raised)
  end)

  it("does nothing but look in a frame without news", function()
    local loop, turns = core.state(client).background, 0
    local turn = loop.turn
    loop.turn = function(...)
      turns = turns + 1
      return turn(...)
    end
    subscribe(topic(), { on_message = function() end })
    assert.is_true(turns > 0)
    pump_until(function()
      local before = turns
      for _ = 1, 50 do client:update() end
      return turns == before
    end, "frames without news")
  end)

  it("sends a publish after the polls of subscriptions made before it", function()
    local name, transport = topic(), core.state(client).transport
    local mux, held, got = transport.mux, true, nil
    override_sent(transport, function(ticket) return not held and mux:sent(ticket) end)
    local start = transport.now()
    assert(client:subscribe("c", name, { on_message = function(message) got = message end }))
    assert(client:publish("c", name, "after"))
    for _ = 1, 20 do
      client:update()
      local pending = mux:pending()
      if transport.now() - start < 0.9 then assert.equal(1, pending) end -- waits no longer than 1 s
    end
    held = false
    pump_until(function() return got end, "the message")
    assert.equal("after", got.value)
  end)

  it("lets a publish go when the polls before it do not get anywhere", function()
    local name, transport, outcome = topic(), core.state(client).transport, nil
    local mux = transport.mux
    local stuck = assert(client:subscribe("c", name, { on_message = function() end }))
    local ticket = core.state(stuck).ticket
    override_sent(transport, function(which) return which ~= ticket and mux:sent(which) end)
    assert(client:publish("c", topic(), "on its way", {
      on_result = function(published) outcome = published end,
    }))
    pump_until(function() return outcome end, "the publish")
  end)

  it("does not keep its descriptor readable while a publish waits for a poll", function()
    local name, transport, turns = topic(), core.state(client).transport, 0
    override_sent(transport, function() return false end)
    assert(client:subscribe("c", name, { on_message = function() end }))
    assert(client:publish("c", name, "x"))
    client:update()
    local stop = transport.now() + 0.5
    repeat
      curl.wait(0.5, { client:pollfd() })
      client:update()
      turns = turns + 1
    until transport.now() >= stop
    assert.is_true(turns < 400, turns .. " turns in half a second")
  end)

  it("sends publishes in their order though the first had to wait for a poll", function()
    local name, transport = topic(), core.state(client).transport
    local mux, held, sent, done = transport.mux, true, {}, 0
    override_sent(transport, function(ticket) return not held and mux:sent(ticket) end)
    rawset(transport.mux, "submit", function(_, kind, target, body, ...)
      if kind == "publish" then sent[#sent + 1] = body end
      return mux:submit(kind, target, body, ...)
    end)
    assert(client:subscribe("c", name, { on_message = function() end }))
    for i = 1, 6 do
      held = i < 4
      assert(client:publish("c", name, tostring(i), { on_result = function() done = done + 1 end }))
      client:update()
    end
    pump_until(function() return done == 6 end, "publishes to end")
    assert.equal("1 2 3 4 5 6", table.concat(sent, " "))
  end)

  it("delivers what was there before the first call, to however many subscriptions", function()
    local name, count, got = topic(), 40, 0
    publish(name, 1)
    client:close()
    client = assert(momento.client { api_key = server.key, endpoint = server.url, loop = "update" })
    local transport, tickets = core.state(client).transport, {}
    for i = 1, count do
      local subscription
      subscription = assert(client:subscribe("c", name, {
        resume = { sequence_number = 0, sequence_page = 0 },
        on_message = function()
          got = got + 1
          subscription:close()
        end,
      }))
      tickets[i] = core.state(subscription).ticket
    end
    wait_until(function()
      client:step(0.01)
      for _, ticket in ipairs(tickets) do
        if not transport:ended(ticket) then return false end
      end
      return true
    end, 30, "answers")
    pump_until(function() return got == count end, "a message for each")
  end)

  it("has a descriptor that is silent while nobody waits", function()
    client:close()
    client = assert(momento.client {
      api_key = server.key, endpoint = server.url, loop = "update", poll_timeout = 0.3,
    })
    local name = topic()
    local function falls_silent()
      curl.wait(1, { client:pollfd() }) -- what was to happen in a while
      wait_until(function()
        client:update()
        return not select(2, curl.wait(0.1, { client:pollfd() }))
      end, 30, "silence")
    end
    subscribe(name, { on_message = function() end }):close()
    falls_silent()
    publish(name, 1)
    falls_silent()
  end)

  it("calls the callbacks of the connection from update, too", function()
    local lost, restored, inside = 0, 0, false
    server:stop()
    client:subscribe("c", topic(), {
      on_message = function() end,
      on_connection_lost = function() lost = lost + (inside and 1 or 100) end,
      on_connection_restored = function() restored = restored + (inside and 1 or 100) end,
    })
    local function update_until(condition, what)
      wait_until(function()
        inside = true
        client:update()
        inside = false
        return condition()
      end, 30, what)
    end
    update_until(function() return lost > 0 end, "the loss")
    server:restart()
    update_until(function()
      client:publish("c", "update " .. topics, "x")
      return restored > 0
    end, "the connection to be back")
    assert.equal(1, lost)
    assert.equal(1, restored)
  end)

  it("refuses what would hold up the game, and goes on", function()
    local name, got = topic(), 0
    local subscription = subscribe(name, { on_message = function() got = got + 1 end })
    for what, call in pairs {
      ["receive waits"] = function() subscription:receive() end,
      ["receive waits: with"] = function() subscription:receive(0) end,
      ["receive"] = function() coroutine.wrap(function() subscription:receive(5) end)() end,
      ["the iterator waits"] = function() subscription() end,
      ["on_message gets"] = function() subscription:events()() end,
    } do
      local fine, message = pcall(call)
      assert.is_false(fine)
      assert.truthy(message:find(what, 1, true), message)
      assert.truthy(message:find("on_message gets the messages", 1, true), message)
    end
    local _, message = pcall(function() subscription:receive(5) end)
    assert.matches("update_spec.lua:%d+: receive waits", message)
    publish(name, 1)
    pump_until(function() return got == 1 end, "the message")
    subscription:close()
    assert.equal("CANCELLED_ERROR", (select(3, subscription:receive(5))))
  end)

  it("says what is wrong with options that belong to other loops", function()
    local fine, message = pcall(client.subscribe, client, "c", "t")
    assert.is_false(fine)
    assert.truthy(message:find("on_message", 1, true), message)
    local blocking = assert(momento.client { api_key = server.key, endpoint = server.url })
    fine, message = pcall(blocking.update, blocking)
    assert.is_false(fine)
    assert.truthy(message:find('loop = "update"', 1, true), message)
    blocking:close()
  end)
end)
