-- One listener of the hub: the methods of a subscription, and the ways in which it loses its pump
-- and finds another one.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Topicsd = require "spec.support.topicsd"

local setting = [[
init_by_lua_block {
  momento, hub = require "momento", require "momento.ngx.hub"
  key = "%s"
  client = assert(momento.client { api_key = key })
  function publish(topic, ...)
    for _, value in ipairs { ... } do assert(client:publish("my-cache", topic, value)) end
  end
  -- Values of what comes next, so many of them.
  function take(listener, count)
    local values = {}
    for index = 1, count do values[index] = assert(listener:receive(20)).value end
    return table.concat(values, " ")
  end
  -- Waits until a pump has ended, once nobody is left.
  function forsake(listener)
    local pump = listener.pump_
    pump:leave(listener)
    while not pump.over do ngx.sleep(0.01) end
  end
}
]]

describe("a listener of the hub", function()
  local topicsd, nginx

  setup(function()
    topicsd = Topicsd.start { "--hold", "30" }
    nginx = Nginx.start { http = setting:format(topicsd.api_key) }
  end)

  teardown(function()
    nginx:stop()
    Topicsd.stop_all()
  end)

  local function run(code, ...) return nginx:run("content", code, ...) end

  it("has receive, position, iteration and close", function()
    assert.same({ "TIMEOUT_ERROR", "one two", 2, "three four", "CANCELLED_ERROR", 4 }, { run [[
      local listener = assert(hub.subscribe(client, "my-cache", "methods"))
      local _, _, timeout = listener:receive(0.01)
      publish("methods", "one", "two", "three", "four")
      local first = take(listener, 2)
      local position = listener:position()
      local values = {}
      for message in listener do
        values[#values + 1] = message.value
        if message.value == "four" then listener:close() end
      end
      local _, _, closed = listener:receive(1)
      listener:close()
      return timeout, first, position.sequence_number, table.concat(values, " "), closed,
        listener:position().sequence_number
    ]] })
  end)

  it("has events, in the order in which a subscription gives them", function()
    assert.equal("message discontinuity message", (run [[
      local listener = assert(hub.subscribe(client, "my-cache", "events", { backlog = 2 }))
      publish("events", "one")
      local kinds = {}
      for event in listener:events() do
        kinds[#kinds + 1] = event.kind
        if #kinds == 1 then
          publish("events", "two", "three", "four", "five", "six")
          while listener.pump_.backlog.next < 7 do ngx.sleep(0.01) end
        end
        if #kinds == 3 then break end
      end
      listener:close()
      return table.concat(kinds, " ")
    ]]))
  end)

  it("gives each reader messages of its own", function()
    assert.same({ "hello", true }, { run [[
      local one = assert(hub.subscribe(client, "my-cache", "own"))
      local two = assert(hub.subscribe(client, "my-cache", "own"))
      publish("own", '{"a":1}')
      local first = assert(one:receive(20))
      first.value = "changed"
      local second = assert(two:receive(20))
      one:close()
      two:close()
      return second:json().a == 1 and "hello", getmetatable(first) == getmetatable(second)
    ]] })
  end)

  it("raises for a wrong type and an unknown option", function()
    for code, message in pairs {
      ['hub.subscribe(client, "c", "t", { resumed = {} })'] = "did you mean resume?",
      ['hub.subscribe(client, 1, "t")'] = "must be a string",
      ['assert(hub.subscribe(client, "my-cache", "types")):receive("x")'] = "number of seconds",
    } do
      local sound, problem = run("return pcall(function() %s end)", code)
      assert.is_false(sound)
      assert.truthy(problem:find(message, 1, true), problem)
    end
  end)

  it("misses nothing when it was away until the poll had ended", function()
    assert.equal("one two three four five six", (run [[
      local listener = assert(hub.subscribe(client, "my-cache", "away"))
      publish("away", "one")
      local values = take(listener, 1)
      -- What had come before the end is still there, and what came after it is asked for.
      publish("away", "two", "three")
      while listener.pump_.backlog.next < 4 do ngx.sleep(0.01) end
      forsake(listener)
      publish("away", "four", "five")
      values = values .. " " .. take(listener, 4)
      publish("away", "six")
      values = values .. " " .. take(listener, 1)
      listener:close()
      return values
    ]]))
  end)

  it("is told of what is new again when it was away for a while only", function()
    assert.same({ "one two", true }, { run [[
      local one = assert(hub.subscribe(client, "my-cache", "while"))
      local two = assert(hub.subscribe(client, "my-cache", "while"))
      one.pump_:leave(one)
      local thread = ngx.thread.spawn(take, one, 2)
      local counted_in = one.pump_.listeners[one]
      publish("while", "one", "two")
      local _, values = ngx.thread.wait(thread)
      one:close()
      two:close()
      return values, counted_in
    ]] })
  end)

  it("has nothing of what others catch up with, and no poll of its own without need", function()
    assert.same({ "two", "three", true }, { run [[
      publish("catch-up", "one")
      local old = assert(hub.subscribe(client, "my-cache", "catch-up",
        { resume = { sequence_number = 0, sequence_page = 1 } }))
      local new = assert(hub.subscribe(client, "my-cache", "catch-up"))
      publish("catch-up", "two")
      local first = take(new, 1)
      while not old.pump_.current do ngx.sleep(0.01) end
      local newer = assert(hub.subscribe(client, "my-cache", "catch-up"))
      local polls_with_others = newer.own_ == nil
      publish("catch-up", "three")
      local second = take(newer, 1)
      for _, listener in ipairs { old, new, newer } do listener:close() end
      return first, second, polls_with_others
    ]] })
  end)

  it("misses nothing when it resumed by a number alone and was then away", function()
    assert.equal("three four", (run [[
      publish("number", "one", "two", "three")
      local resume = { sequence_number = 2 }
      local listener = assert(hub.subscribe(client, "my-cache", "number", { resume = resume }))
      forsake(listener)
      publish("number", "four")
      local values = take(listener, 2)
      listener:close()
      return values
    ]]))
  end)

  it("misses nothing when it was away before it had anything", function()
    assert.equal("one two", (run [[
      local listener = assert(hub.subscribe(client, "my-cache", "early"))
      publish("early", "one")
      while listener.pump_.backlog.next < 2 do ngx.sleep(0.01) end
      forsake(listener)
      publish("early", "two")
      local values = take(listener, 2)
      listener:close()
      return values
    ]]))
  end)

  it("goes on when the client that the poll was made with is closed", function()
    assert.same({ "one two", "CANCELLED_ERROR" }, { run [[
      local other = assert(momento.client { api_key = key })
      local its = assert(hub.subscribe(other, "my-cache", "closed"))
      local mine = assert(hub.subscribe(client, "my-cache", "closed"))
      publish("closed", "one")
      local values = take(mine, 1)
      other:close()
      while not its.pump_.over do ngx.sleep(0.01) end
      publish("closed", "two")
      values = values .. " " .. take(mine, 1)
      take(its, 1)
      local _, _, code = its:receive(5)
      mine:close()
      return values, code
    ]] })
  end)

  it("is known to be gone when its thread is", function()
    assert.same({ false, false, true, false }, { run [[
      local listener = assert(hub.subscribe(client, "my-cache", "gone"))
      local idle = listener:gone()
      local thread = ngx.thread.spawn(listener.receive, listener, 60)
      local waiting = listener:gone()
      ngx.thread.kill(thread)
      local killed = listener:gone()
      publish("gone", "still there")
      assert(listener:receive(20))
      listener:receive(0.01)
      local back = listener:gone()
      listener:close()
      return idle, waiting, killed, back
    ]] })
  end)

  it("is not gone as long as it is asked, also without ever waiting", function()
    assert.same({ true, "one", false, true, "TIMEOUT_ERROR", false }, { run [[
      local listener = assert(hub.subscribe(client, "my-cache", "asked"))
      publish("asked", "one")
      while listener.pump_.backlog.next < 2 do ngx.sleep(0.01) end
      local function away()
        listener:gone()
        listener.seen_ = listener.seen_ - 60
        return listener:gone()
      end
      local first, message, here = away(), listener:receive(0), listener:gone()
      local second, _, _, code = away(), listener:receive(0)
      local still = listener:gone()
      listener:close()
      return first, message.value, here, second, code, still
    ]] })
  end)

  it("stays at its last message until it is told what it missed", function()
    assert.same({ "TIMEOUT_ERROR", 1, "discontinuity", 1, 6, "six" }, { run [[
      local listener = assert(hub.subscribe(client, "my-cache", "missed", { backlog = 3 }))
      publish("missed", "one")
      take(listener, 1)
      publish("missed", "two", "three", "four", "five")
      local backlog = listener.pump_.backlog
      while backlog.next < 6 do ngx.sleep(0.01) end
      -- Nothing is left of what it missed but that the poll was lost and found.
      for _, kind in ipairs { "lost", "restored", "lost", "restored" } do
        backlog:push { kind = kind, "refused", "CONNECTION_ERROR", {} }
      end
      local _, _, code = listener:receive(0)
      local position = listener:position().sequence_number
      publish("missed", "six")
      local events = listener:events()
      local gap, message = events(), events()
      listener:close()
      return code, position, gap.kind, gap.last_sequence_number, gap.new_sequence_number,
        message.value
    ]] })
  end)

  it("is told of one gap when it missed some and the poll missed more", function()
    assert.same({ 1, 9, 9, "nine" }, { run [[
      local listener = assert(hub.subscribe(client, "my-cache", "both", { backlog = 2 }))
      publish("both", "one")
      take(listener, 1)
      publish("both", "two", "three")
      local backlog, page = listener.pump_.backlog, listener:position().sequence_page
      while backlog.next < 4 do ngx.sleep(0.01) end
      backlog:push { kind = "discontinuity", last_sequence_number = 3, new_sequence_number = 9,
        new_sequence_page = page }
      local nine = { sequence_number = 9, sequence_page = page, value = "nine", type = "text" }
      backlog:push(setmetatable(nine, require("momento.core").message_meta))
      local events = listener:events()
      local gap, message = events(), events()
      listener:close()
      return gap.last_sequence_number, gap.new_sequence_number, message.sequence_number,
        message.value
    ]] })
  end)

  it("is told of no gap when all it missed is that the poll was lost and found", function()
    assert.equal("message two", (run [[
      local listener = assert(hub.subscribe(client, "my-cache", "none", { backlog = 2 }))
      publish("none", "one")
      take(listener, 1)
      local backlog = listener.pump_.backlog
      for _, kind in ipairs { "lost", "restored", "lost", "restored" } do
        backlog:push { kind = kind, "refused", "CONNECTION_ERROR", {} }
      end
      publish("none", "two")
      while backlog.next < 7 do ngx.sleep(0.01) end
      local event = listener:events()()
      listener:close()
      return event.kind .. " " .. tostring(event.value)
    ]]))
  end)

  it("tells when its poll is lost and found", function()
    assert.same({ "lost restored", "late" }, { run [[
      local told = {}
      local listener = assert(hub.subscribe(client, "my-cache", "lost", {
        on_connection_lost = function(message, code, detail)
          assert(message and code and detail)
          told[#told + 1] = "lost"
        end,
        on_connection_restored = function() told[#told + 1] = "restored" end,
      }))
      local backlog = listener.pump_.backlog
      backlog:push { kind = "lost", "refused", "CONNECTION_ERROR", {} }
      backlog:push { kind = "restored" }
      publish("lost", "late")
      local values = take(listener, 1)
      listener:close()
      return table.concat(told, " "), values
    ]] })
  end)

  it("says which directive to raise when its timer does not run", function()
    local narrow = Nginx.start {
      http = setting:format(topicsd.api_key) .. "lua_max_running_timers 2;",
      expect = { "lua_max_running_timers are not enough" },
    }
    local message, code, retryable = narrow:run("content", [[
      local listeners, message, code, detail = {}
      for index = 1, 12 do
        listeners[index], message, code, detail = hub.subscribe(client, "my-cache", "t" .. index)
        if not listeners[index] then return message, code, detail.retryable end
      end
    ]])
    assert.truthy(message:find("raise `lua_max_running_timers`", 1, true), message)
    assert.same({ "LIMIT_EXCEEDED_ERROR", true }, { code, retryable })
    narrow:stop()
  end)
end)
