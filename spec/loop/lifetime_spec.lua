-- What becomes of clients, subscriptions and coroutines that are dropped, closed or ended while
-- something is under way, on each loop.

local core = require "momento.core"
local harness = require "spec.loop.harness"
local momento = require "momento"
local mux = require "spec.support.mux"
local socket = require "socket"
local Topicsd = require "spec.support.topicsd"
local yieldable = require "momento.loop.yieldable"

local PATIENCE = 30

local function collect()
  for _ = 1, 4 do collectgarbage() end
end

local function count(set)
  local n = 0
  for _ in pairs(set) do n = n + 1 end
  return n
end

local server
local topics = 0

local function topic()
  topics = topics + 1
  return "lifetime " .. topics
end

-- Nobody but the caller holds it.
local function client_on(loop)
  return assert(momento.client { api_key = server.key, endpoint = server.url, loop = loop })
end

local function until_true(h, condition, what, pause)
  local deadline = socket.gettime() + PATIENCE
  repeat
    if condition() then return end
    h.sleep(pause or 0.01)
  until socket.gettime() > deadline
  error("waited too long for " .. what, 2)
end

local CALLBACKS = { "on_discontinuity", "on_connection_lost", "on_connection_restored" }

-- Has the next answer of a subscription be an error; the one after it is the server's own.
local function lose(subscription)
  local state = core.state(subscription)
  local transport = state.transport
  state.transport = setmetatable({
    wait = function(_, ticket)
      transport:cancel(ticket)
      state.transport = transport
      return nil, "cut", "CONNECTION_ERROR", { retryable = true }
    end,
  }, { __index = function(_, method)
    return function(_, ...) return transport[method](transport, ...) end
  end })
end

-- A subscription that is about to call one of its callbacks, which is f, and the sequence number of
-- the message that it is to have next.
local function eventful(h, client, callback, f)
  local t = topic()
  assert(client:publish("c", t, "1"))
  local before = { sequence_number = "0", sequence_page = "1" } -- of a page that is gone
  local subscription
  local options = { [callback] = function() return f(subscription) end }
  if callback == "on_discontinuity" then options.resume = before end
  subscription = h.subscribe(client, "c", t, options)
  if callback == "on_discontinuity" then return subscription, t, 1 end
  assert(client:publish("c", t, "2"))
  assert.equal(2, assert(subscription:receive(PATIENCE)).sequence_number)
  lose(subscription)
  assert(client:publish("c", t, "3"))
  return subscription, t, 3
end

for _, name in ipairs { "blocking", "scheduler", "cqueues", "luv", "copas" } do
  describe("on the loop " .. name, function()
    local h

    local function it_runs(what, f)
      it(what, function() h.run(f) end)
    end

    setup(function()
      h = harness[name]()
      if name == "blocking" then -- its harness wraps subscriptions
        h.subscribe = function(client, ...) return assert(client:subscribe(...)) end
      end
      server = Topicsd.start { "--cache", "c" }
    end)

    teardown(function() Topicsd.stop_all() end)

    it_runs("a client that nobody holds publishes all the same", function()
      local ended, failure = false, nil
      h.spawn(function()
        for _ = 1, 20 do
          local done, message = client_on(h.loop):publish("c", "t", "x")
          if not done then failure = message end
        end
        ended = true
      end)
      until_true(h, function()
        collectgarbage()
        return ended
      end, "the publishes", 0.001)
      assert.is_nil(failure)
    end)

    it_runs("a subscription keeps its client", function()
      local t = topic()
      local subscription = h.subscribe(client_on(h.loop), "c", t)
      collect()
      local publisher = client_on(h.loop)
      assert(publisher:publish("c", t, "x"))
      collect()
      assert.equal("x", assert(subscription:receive(PATIENCE)).value)
      subscription:close()
      publisher:close()
    end)

    it_runs("a subscription that is dropped takes its poll along", function()
      local client = client_on(h.loop)
      for _ = 1, 5 do h.subscribe(client, "c", topic()) end
      collect()
      assert.equal(0, client:stats().pending)
      assert.equal(0, client:stats().subscriptions)
      assert.is_true(client:publish("c", topic(), "x"))
      client:close()
    end)

    it_runs("clients that are dropped or closed leave no descriptors", function()
      local function use(ending)
        for _ = 1, 5 do
          local client = client_on(h.loop)
          h.subscribe(client, "c", topic())
          assert(client:publish("c", topic(), "x"))
          if ending then client:close() end
        end
      end
      use(true) -- what the loop keeps
      local before = mux.descriptors()
      use(true)
      use(false)
      until_true(h, function() return mux.descriptors() <= before end, "descriptors to be closed")
    end)

    it_runs("coroutines that have waited are collected", function()
      local client = client_on(h.loop)
      local threads, ended = setmetatable({}, { __mode = "k" }), 0
      for _ = 1, 20 do
        h.spawn(function()
          threads[coroutine.running()] = true
          assert(client:publish("c", "t", "x"))
          ended = ended + 1
        end)
      end
      until_true(h, function() return ended == 20 end, "the publishes")
      until_true(h, function()
        collect()
        return count(threads) <= 1 -- one may be in a register of somebody's
      end, "the coroutines to go")
      client:close()
    end)

    for _, callback in ipairs(CALLBACKS) do
      for _, what in ipairs { "subscription", "client" } do
        it_runs(("%s may close the %s"):format(callback, what), function()
          local client, calls = client_on(h.loop), 0
          local subscription, _, due = eventful(h, client, callback, function(subscription)
            calls = calls + 1
            if what == "client" then client:close() else subscription:close() end
          end)
          local message, _, code = subscription:receive(PATIENCE)
          assert.is_nil(message)
          assert.equal("CANCELLED_ERROR", code)
          assert.equal(1, calls)
          local position = subscription:position()
          assert.equal(due - 1, position and position.sequence_number or 0)
          client:close()
        end)
      end

      it_runs(("an error in %s comes out of receive, and no message is lost"):format(callback),
        function()
          -- PUC 5.1 cannot wait in pcall.
          if yieldable.only_through_lua and name ~= "blocking" then return end
          local client = client_on(h.loop)
          local subscription, t, due =
            eventful(h, client, callback, function() error("oops", 0) end)
          assert(client:publish("c", t, "more"))
          assert.same({ false, "oops" },
            { pcall(subscription.receive, subscription, PATIENCE) })
          assert.equal(due, assert(subscription:receive(PATIENCE)).sequence_number)
          assert.equal(due + 1, assert(subscription:receive(PATIENCE)).sequence_number)
          client:close()
        end)
    end

    it_runs("who is left waiting goes on when the others had their messages at once", function()
      if name == "blocking" then return end
      local client, publisher = client_on(h.loop), client_on((require "momento.loop.blocking"))
      for left = 1, 6 do
        local names, ready, got = {}, 0, 0
        for i = 1, 6 do
          names[i] = topic()
          h.spawn(function()
            local subscription = h.subscribe(client, "c", names[i])
            ready = ready + 1
            assert(subscription:receive(2 * PATIENCE))
            got = got + 1
            subscription:close()
          end)
        end
        until_true(h, function() return ready == 6 end, "the subscriptions")
        for i = 1, 6 do
          if i ~= left then assert(publisher:publish("c", names[i], "x")) end
        end
        until_true(h, function() return got == 5 end, "the others")
        assert(publisher:publish("c", names[left], "x"))
        until_true(h, function() return got == 6 end, "who is left")
      end
      client:close()
      publisher:close()
    end)

    it_runs("who asks without waiting, again and again, holds up nobody", function()
      -- The cqueues of Lua 5.1 ends its loop with a thread for an error at times.
      if name == "cqueues" and _VERSION == "Lua 5.1" then return end
      local client, t = client_on(h.loop), topic()
      local subscription = h.subscribe(client, "c", t)
      local published = false
      local function publish()
        assert(client:publish("c", t, "x"))
        published = true
      end
      if name == "blocking" then publish() else h.spawn(publish) end
      local deadline = socket.gettime() + PATIENCE
      local message
      repeat
        local got = subscription:receive(0)
        message = message or got
      until message and published or socket.gettime() > deadline
      assert.equal("x", message and message.value)
      client:close()
    end)

    it_runs("a subscribe that cannot wait where it is called sends nothing", function()
      if name == "blocking" then return end
      local client = client_on(h.loop)
      local fine, message = pcall(table.sort, { 1, 2 }, function()
        return client:subscribe("c", topic()) -- called by C, on every Lua
      end)
      assert.is_false(fine)
      assert.matches("cannot wait here", message)
      assert.equal(0, client:stats().pending)
      client:close()
    end)

    it_runs("one of two clients is closed while both wait", function()
      local one, two, t = client_on(h.loop), client_on(h.loop), topic()
      local first, second = h.subscribe(one, "c", t), h.subscribe(two, "c", t)
      assert.equal("TIMEOUT_ERROR", select(3, first:receive(0.01)))
      assert.equal("TIMEOUT_ERROR", select(3, second:receive(0.01)))
      if name ~= "blocking" then
        local code
        h.spawn(function() code = select(3, first:receive(PATIENCE)) end)
        h.sleep(0.01)
        one:close()
        until_true(h, function() return code end, "the receive of the closed client")
        assert.equal("CANCELLED_ERROR", code)
      end
      one:close()
      assert(two:publish("c", t, "x"))
      assert.equal("x", assert(second:receive(PATIENCE)).value)
      two:close()
    end)
  end)
end

describe("momento.loop.luv", function()
  it("keeps the message of a coroutine that was closed while it waited", function()
    if not coroutine.close then return end
    server = Topicsd.start { "--cache", "c" }
    local h = harness.luv()
    h.run(function()
      local client, t = client_on(h.loop), topic()
      local subscription = h.subscribe(client, "c", t)
      local threads = {}
      for i, timeout in ipairs { PATIENCE, 0.01 } do
        local other = i == 1 and subscription or h.subscribe(client, "c", topic())
        threads[i] = coroutine.create(function() other:receive(timeout) end)
        assert(coroutine.resume(threads[i]))
        assert(coroutine.close(threads[i]))
      end
      assert(client:publish("c", t, "x"))
      h.sleep(0.05)
      assert.equal("x", assert(subscription:receive(PATIENCE)).value)
      client:close()
    end)
    Topicsd.stop_all()
  end)
end)

describe("momento.run", function()
  it("leaves the first poll of a subscription whose reader was cancelled to the next reader",
    function()
      server = Topicsd.start { "--cache", "c" }
      momento.run(function()
        local client, t = client_on(), topic()
        local subscription = assert(client:subscribe("c", t))
        local reader = momento.spawn(function() subscription:receive() end)
        momento.sleep(0.01)
        reader:cancel()
        momento.sleep(0)
        assert.is_true(reader:ended())
        assert(client:publish("c", t, "x"))
        assert.equal("x", assert(subscription:receive(PATIENCE)).value)
        client:close()
      end)
      Topicsd.stop_all()
    end)
end)
